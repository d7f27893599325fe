-- An order's numbers in the order of its list, page by page.

CREATE INDEX shutdown_number_in_order ON shutdown_number (order_id, n);
