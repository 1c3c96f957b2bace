# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What pyproject.toml cannot say: there is an extension, which cffi makes."""
from setuptools import setup

setup(cffi_modules=["build_syncmap.py:builder"])
