"""What is plugged in: one package for each component, found by being here.

To add one of your own, make a package with an `__init__.py` such as

    from app.core.component import Component

    component = Component(name="clock", title="Clock", summary="Tells the time.")

and give it whichever parts it has: a router, a health check, a page, commands, settings, a
lifespan. `app.core.component` says what each of them is.
"""
