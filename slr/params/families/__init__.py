"""Settings of one model: those common to all models (`training`), and one module per model family.

A family is registered by its definition: a subclass of `ModelParams` that names its network. Families come from the
modules here, from installed packages (entry points of the group `slr.families`), or from a dotted name (`family:
my_package.settings:MyParams`).
"""

from importlib import import_module
from pkgutil import iter_modules

from slr.errors import ParamsError
from slr.params.families.training import FAMILIES, ModelParams
from slr.params.lookup import dotted, locate

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")


def family_named(name: str) -> type[ModelParams]:
    """The settings class of a family.

    Raises
    ------
    ParamsError
        If there is no such family; the message suggests the nearest name.
    """
    if name in FAMILIES:
        return FAMILIES[name]
    found = locate(dotted(name, "slr.families", sorted(FAMILIES)))
    if not (isinstance(found, type) and issubclass(found, ModelParams)):
        raise ParamsError(f"{name!r} is no family of models; it has to be a subclass of slr.params.ModelParams")
    return found
