"""The look of the dashboard: one seed colour, a light and a dark scheme, a colour per status."""

import flet as ft

SEED = ft.Colors.TEAL

STATUS_COLORS: dict[str, ft.ColorValue] = {
    "ok": ft.Colors.GREEN_600,
    "degraded": ft.Colors.AMBER_700,
    "down": ft.Colors.RED_600,
}
UNKNOWN_COLOR = ft.Colors.OUTLINE
MUTED = ft.Colors.ON_SURFACE_VARIANT

FOCUSED = {ft.ControlState.FOCUSED: ft.BorderSide(2, ft.Colors.ON_SURFACE)}
"""The outline of the button with the keyboard's focus."""


def color_of(status: str) -> ft.ColorValue:
    """The colour of a status, or a quiet one if it isn't known yet."""
    return STATUS_COLORS.get(status, UNKNOWN_COLOR)


def apply(page: ft.Page) -> None:
    """Style the page, following the viewer's own choice of light or dark."""
    buttons = ft.ButtonStyle(side=FOCUSED)
    page.theme = page.dark_theme = ft.Theme(
        color_scheme_seed=SEED,
        text_button_theme=ft.TextButtonTheme(buttons),
        filled_button_theme=ft.FilledButtonTheme(buttons),
        icon_button_theme=ft.IconButtonTheme(buttons),
    )
    page.theme_mode = ft.ThemeMode.SYSTEM
    page.bgcolor = ft.Colors.SURFACE
    page.padding = ft.Padding.symmetric(vertical=16, horizontal=16)
    page.horizontal_alignment = ft.CrossAxisAlignment.STRETCH
    page.scroll = ft.ScrollMode.AUTO


def toggle(page: ft.Page) -> None:
    """Change from light to dark or back."""
    dark = page.theme_mode == ft.ThemeMode.DARK or (
        page.theme_mode == ft.ThemeMode.SYSTEM and page.platform_brightness == ft.Brightness.DARK
    )
    page.theme_mode = ft.ThemeMode.LIGHT if dark else ft.ThemeMode.DARK
    page.update()
