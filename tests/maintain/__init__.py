"""Tests of aegis_patch/maintain."""
