"""The people page: who may do what with M-PESA, and the ready roles."""
