"""The product: permissions, pages and the work behind them."""
