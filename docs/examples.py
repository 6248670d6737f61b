"""Extension of griffe: the doctests that end a docstring are shown as code."""

import textwrap

import griffe


class Examples(griffe.Extension):
    """Puts the doctests of a docstring under the heading that griffe knows."""

    def on_instance(self, *, obj, **_):
        """Rewrite one docstring."""
        if obj.docstring:
            text, mark, code = obj.docstring.value.partition("\n\n>>> ")
            if mark:
                examples = textwrap.indent(f">>> {code}", "    ")
                obj.docstring.value = f"{text}\n\nExamples:\n{examples}"
