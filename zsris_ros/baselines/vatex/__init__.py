"""VATEX (WACV 2025): supervised referring segmentation without mask proposals."""
