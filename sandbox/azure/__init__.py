"""An Azure DevOps on your own machine: work items by REST 7.1, as Microsoft describes them."""
