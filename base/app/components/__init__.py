"""The installed components: one package for each, found because it is here.

To add one of your own, make a package with an `__init__.py` such as

    from app.core.component import Component

    component = Component(name="clock", title="Clock", summary="Tells the time.")

and give it any of these parts: a router, a health check, a page, commands, settings, a lifespan.
`app.core.component` describes each.
"""
