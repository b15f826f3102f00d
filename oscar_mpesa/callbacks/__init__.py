"""The URLs where Safaricom posts callbacks. Each callback is stored before it is processed."""
