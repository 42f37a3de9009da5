"""The tables of the workspace, as numbered steps of literal SQL.

A step never imports today's catalogues and is never changed once released.
Conventions: ``*_minor`` integer minor units of the reporting currency; ``*_e4``
1/10 000 of a minor unit; ``day`` and ``*_day`` days since 1970-01-01 in the shop's
business day; ``*_ts`` UTC epoch seconds; NULL is unknown, never zero.  Tables named
``sum_*`` and ``week_*`` are derived: they are built from the facts and the declared
measures, and rebuilt when the declarations change (see ``sums.py``).
"""

from __future__ import annotations

APPLICATION_ID = 0x45635066  # "EcPf"

STEP_1 = """
CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE secret(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE source(source_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, platform TEXT NOT NULL, currency TEXT,
  tz TEXT, day_start_min INTEGER NOT NULL DEFAULT 0, recognition_basis TEXT NOT NULL DEFAULT 'paid',
  tax_inclusive INTEGER NOT NULL DEFAULT 1) STRICT;

CREATE TABLE imports(import_id INTEGER PRIMARY KEY AUTOINCREMENT, source_id INTEGER NOT NULL REFERENCES source(source_id),
  path TEXT NOT NULL, file TEXT NOT NULL, member TEXT, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
  format TEXT NOT NULL, format_version INTEGER NOT NULL, mapping_hash TEXT NOT NULL, encoding TEXT, delimiter TEXT,
  header TEXT NOT NULL, hidden TEXT NOT NULL, hashed TEXT NOT NULL, as_of INTEGER NOT NULL, as_of_from TEXT NOT NULL,
  first_day INTEGER, last_day INTEGER, rows_read INTEGER NOT NULL DEFAULT 0, rows_new INTEGER NOT NULL DEFAULT 0,
  rows_changed INTEGER NOT NULL DEFAULT 0, rows_unchanged INTEGER NOT NULL DEFAULT 0, rows_dropped INTEGER NOT NULL DEFAULT 0,
  rows_rejected INTEGER NOT NULL DEFAULT 0, dropped TEXT NOT NULL DEFAULT '{}', state TEXT NOT NULL CHECK(state IN ('active','undone')),
  imported_utc INTEGER NOT NULL, undone_utc INTEGER) STRICT;
CREATE INDEX imports_by_bytes ON imports(sha256);
-- which fields of which table an import speaks about (bit set, in the order of its field list)
CREATE TABLE import_fields(import_id INTEGER NOT NULL REFERENCES imports(import_id), table_name TEXT NOT NULL, fields TEXT NOT NULL,
  PRIMARY KEY(import_id, table_name)) STRICT, WITHOUT ROWID;
CREATE TABLE import_findings(import_id INTEGER NOT NULL REFERENCES imports(import_id), position INTEGER NOT NULL, code TEXT NOT NULL,
  severity TEXT NOT NULL, record INTEGER, line INTEGER, column_name TEXT, details TEXT NOT NULL,
  PRIMARY KEY(import_id, position)) STRICT, WITHOUT ROWID;
-- raw text of the mapped, non-personal columns, about 1 000 records a block, zlib
CREATE TABLE raw_block(import_id INTEGER NOT NULL REFERENCES imports(import_id), first_record INTEGER NOT NULL, records INTEGER NOT NULL,
  text BLOB NOT NULL, PRIMARY KEY(import_id, first_record)) STRICT, WITHOUT ROWID;
-- days an import speaks for: kind is sales, refunds, ads, ...; shop_id NULL means the company
CREATE TABLE coverage(coverage_id INTEGER PRIMARY KEY, import_id INTEGER NOT NULL REFERENCES imports(import_id), kind TEXT NOT NULL,
  source_id INTEGER NOT NULL, shop_id INTEGER, first_day INTEGER NOT NULL, last_day INTEGER NOT NULL) STRICT;
CREATE INDEX coverage_by_kind ON coverage(kind, first_day);
CREATE INDEX coverage_by_import ON coverage(import_id);
-- assertions of rows that more than one active import speaks about: the fact itself is their fold in as-of order
CREATE TABLE held(table_name TEXT NOT NULL, row_id INTEGER NOT NULL, import_id INTEGER NOT NULL REFERENCES imports(import_id),
  record INTEGER NOT NULL, asserted TEXT NOT NULL, PRIMARY KEY(table_name, row_id, import_id)) STRICT, WITHOUT ROWID;
CREATE INDEX held_by_import ON held(import_id);
-- which import's rows a block shows; the rows of the others rest in ``resting``
CREATE TABLE block(table_name TEXT NOT NULL, block_key TEXT NOT NULL, import_id INTEGER NOT NULL REFERENCES imports(import_id),
  is_live INTEGER NOT NULL, PRIMARY KEY(table_name, block_key, import_id)) STRICT, WITHOUT ROWID;
CREATE INDEX block_by_import ON block(import_id);
CREATE TABLE resting(table_name TEXT NOT NULL, block_key TEXT NOT NULL, import_id INTEGER NOT NULL, rows TEXT NOT NULL,
  PRIMARY KEY(table_name, block_key, import_id)) STRICT, WITHOUT ROWID;
CREATE INDEX resting_by_import ON resting(import_id);
-- names met in passing: zlib JSON {row id: text}
CREATE TABLE seen_names(import_id INTEGER NOT NULL REFERENCES imports(import_id), table_name TEXT NOT NULL, names BLOB NOT NULL,
  PRIMARY KEY(import_id, table_name)) STRICT, WITHOUT ROWID;

-- ---------- dimensions (import_id NULL: only referred to, nothing asserted yet)
CREATE TABLE shop(shop_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, source_id INTEGER REFERENCES source(source_id)) STRICT;
CREATE TABLE channel(channel_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT) STRICT;
CREATE TABLE region(region_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE location(location_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE carrier(carrier_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE category(category_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, label TEXT, parent TEXT,
  import_id INTEGER, record INTEGER) STRICT;
CREATE TABLE supplier(supplier_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, country TEXT, lead_time_days INTEGER, terms TEXT,
  import_id INTEGER, record INTEGER) STRICT;
CREATE TABLE product(product_id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE, name TEXT, seen_name TEXT, seen_as_of INTEGER, spu TEXT,
  category_id INTEGER REFERENCES category(category_id), supplier_id INTEGER REFERENCES supplier(supplier_id),
  list_price_minor INTEGER, unit_cost_e4 INTEGER, launched_day INTEGER, discontinued_day INTEGER, is_listed INTEGER,
  service_level REAL, import_id INTEGER, record INTEGER) STRICT;
-- derived from what imports say of unit costs: each holds from its day until the product's next, the first from before all days
CREATE TABLE product_cost(product_id INTEGER NOT NULL, from_day INTEGER NOT NULL, unit_cost_e4 INTEGER NOT NULL,
  PRIMARY KEY(product_id, from_day)) STRICT, WITHOUT ROWID;
CREATE TABLE staff(staff_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT, department TEXT, manager TEXT,
  hired_day INTEGER, left_day INTEGER, fte REAL, import_id INTEGER, record INTEGER) STRICT;
CREATE TABLE campaign(campaign_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, shop_id INTEGER REFERENCES shop(shop_id),
  channel_id INTEGER REFERENCES channel(channel_id), owner_staff_id INTEGER REFERENCES staff(staff_id), start_day INTEGER,
  end_day INTEGER, budget_minor INTEGER, import_id INTEGER, record INTEGER) STRICT;
-- ext_hash and person_hash are 64 bits of a keyed hash of the platform's text; person_hash joins accounts of one person;
-- buyer_id is the row that stands for the person (itself when nothing joins it)
CREATE TABLE customer(customer_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL REFERENCES source(source_id), ext_hash INTEGER NOT NULL,
  person_hash INTEGER, buyer_id INTEGER NOT NULL, region_id INTEGER, is_member INTEGER, member_since_day INTEGER, created_day INTEGER,
  first_order_id INTEGER, first_sale_day INTEGER, import_id INTEGER, record INTEGER, UNIQUE(ext_hash, source_id)) STRICT;
CREATE INDEX customer_by_person ON customer(person_hash) WHERE person_hash IS NOT NULL;
CREATE TABLE calendar(day INTEGER PRIMARY KEY, iso_date TEXT NOT NULL, iso_year INTEGER NOT NULL, iso_week INTEGER NOT NULL,
  week_start INTEGER NOT NULL, sun_week_start INTEGER NOT NULL, month_id INTEGER NOT NULL, quarter_id INTEGER NOT NULL,
  year INTEGER NOT NULL, dow INTEGER NOT NULL, fiscal_period_id INTEGER, event_code TEXT, event_offset INTEGER) STRICT;

-- ---------- sales.  sale_day: by the source's recognition basis, NULL = not (yet) a sale.
-- is_first: 1 the buyer's first ever sale, 0 a later one, NULL no known buyer or no sale.
CREATE TABLE orders(order_id INTEGER PRIMARY KEY, shop_id INTEGER NOT NULL REFERENCES shop(shop_id), order_no TEXT NOT NULL,
  source_id INTEGER NOT NULL, channel_id INTEGER, customer_id INTEGER, campaign_id INTEGER, agent_id INTEGER, region_id INTEGER, device TEXT,
  placed_ts INTEGER, placed_day INTEGER, paid_ts INTEGER, paid_day INTEGER, cancel_day INTEGER, cancel_by TEXT, status TEXT,
  is_test INTEGER, currency TEXT, shipping_minor INTEGER, tax_added_minor INTEGER, duties_minor INTEGER, platform_fee_minor INTEGER,
  payment_fee_minor INTEGER, fulfil_cost_minor INTEGER, has_claim INTEGER, has_chargeback INTEGER,
  sale_day INTEGER, is_first INTEGER, import_id INTEGER, record INTEGER, UNIQUE(shop_id, order_no)) STRICT;
CREATE INDEX orders_by_sale_day ON orders(sale_day);
-- orders that are only referred to
CREATE INDEX orders_unknown ON orders(order_id) WHERE import_id IS NULL;
-- line_id = order_id * 65536 + position, so that the lines of an order are found without another index;
-- equal SKUs of one order (lines without a line_no) are told apart by their rank in it, which undo never thins out
-- is_whole: the line stands for the whole order (a report without lines); is_replaced (derived): other lines of that order are known
-- cost_minor: what the file says of the line; product_cost_minor (derived): what it cost by its product on its sale day
CREATE TABLE order_lines(line_id INTEGER PRIMARY KEY, line_no TEXT, product_id INTEGER, qty INTEGER NOT NULL, gross_minor INTEGER NOT NULL,
  discount_minor INTEGER, tax_in_price_minor INTEGER, cost_minor INTEGER, is_gift INTEGER,
  is_whole INTEGER, is_replaced INTEGER, product_cost_minor INTEGER, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX order_lines_whole ON order_lines(line_id) WHERE coalesce(is_whole, is_replaced) IS NOT NULL;
-- is_replaced (derived, as in order_lines): an undated refund (is_dated 0) of an order whose dated refunds are known
CREATE TABLE refunds(refund_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, shop_id INTEGER NOT NULL REFERENCES shop(shop_id),
  refund_no TEXT, order_id INTEGER, line_no TEXT, product_id INTEGER, channel_id INTEGER, customer_id INTEGER, region_id INTEGER,
  requested_day INTEGER, refund_day INTEGER NOT NULL, is_dated INTEGER, kind TEXT, reason TEXT, status TEXT, qty INTEGER,
  goods_minor INTEGER NOT NULL, shipping_minor INTEGER, tax_minor INTEGER, tax_in_price_minor INTEGER, restocked_cost_minor INTEGER,
  received_ts INTEGER, closed_ts INTEGER, is_replaced INTEGER, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX refunds_by_day ON refunds(refund_day);
CREATE INDEX refunds_by_order ON refunds(order_id) WHERE order_id IS NOT NULL;

-- ---------- voice of the customer
CREATE TABLE reviews(review_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, shop_id INTEGER, review_no TEXT, order_id INTEGER,
  product_id INTEGER, customer_id INTEGER, day INTEGER NOT NULL, stars INTEGER, dsr_item INTEGER, dsr_service INTEGER, dsr_logistics INTEGER,
  text TEXT, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX reviews_by_day ON reviews(day);
CREATE INDEX reviews_by_order ON reviews(order_id) WHERE order_id IS NOT NULL;
-- score NULL = sent, no answer
CREATE TABLE surveys(survey_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, shop_id INTEGER, response_no TEXT, kind TEXT NOT NULL,
  day INTEGER NOT NULL, scale_max INTEGER NOT NULL, score INTEGER, customer_id INTEGER, order_id INTEGER, agent_id INTEGER, comment TEXT,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX surveys_by_day ON surveys(day);
CREATE INDEX surveys_by_order ON surveys(order_id) WHERE order_id IS NOT NULL;

-- ---------- supply chain
CREATE TABLE inventory_snapshots(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, location_id INTEGER,
  product_id INTEGER, on_hand INTEGER NOT NULL, reserved INTEGER, on_order INTEGER, value_minor INTEGER, oldest_receipt_day INTEGER,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX inventory_snapshots_by_day ON inventory_snapshots(day);
CREATE TABLE listing_snapshots(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, shop_id INTEGER,
  product_id INTEGER, price_minor INTEGER, sold_level INTEGER, comments_level INTEGER, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX listing_snapshots_by_day ON listing_snapshots(day);
CREATE TABLE purchase_orders(po_id INTEGER PRIMARY KEY, po_no TEXT NOT NULL UNIQUE, supplier_id INTEGER, purchaser_id INTEGER,
  ordered_day INTEGER, status TEXT, import_id INTEGER, record INTEGER) STRICT;
CREATE TABLE po_lines(po_line_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, po_id INTEGER NOT NULL REFERENCES purchase_orders(po_id),
  line_no TEXT, product_id INTEGER, qty_ordered INTEGER NOT NULL, unit_cost_e4 INTEGER, std_cost_e4 INTEGER, promised_day INTEGER,
  requested_day INTEGER, cancelled INTEGER, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX po_lines_by_promise ON po_lines(promised_day);
CREATE INDEX po_lines_by_order ON po_lines(po_id);
-- po_line_id is found again after every import: by PO and line number, else by PO and SKU
CREATE TABLE receipts(receipt_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, receipt_no TEXT, po_id INTEGER, line_no TEXT,
  product_id INTEGER, received_day INTEGER NOT NULL, qty_received INTEGER NOT NULL, qty_rejected INTEGER, po_line_id INTEGER,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX receipts_by_day ON receipts(received_day);
CREATE INDEX receipts_by_line ON receipts(po_line_id);
CREATE INDEX receipts_by_order ON receipts(po_id) WHERE po_id IS NOT NULL;
CREATE TABLE shipments(shipment_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, shop_id INTEGER, order_id INTEGER, shipment_no TEXT,
  carrier_id INTEGER, warehouse_id INTEGER, region_id INTEGER, day INTEGER, ready_ts INTEGER, due_dispatch_ts INTEGER, due_dispatch_day INTEGER, handed_ts INTEGER,
  first_scan_ts INTEGER, promised_ts INTEGER, promised_day INTEGER, delivered_ts INTEGER, delivered_day INTEGER, status TEXT, in_full INTEGER,
  right_item INTEGER, undamaged INTEGER, docs_ok INTEGER, lost INTEGER, cost_minor INTEGER, picker_id INTEGER,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX shipments_by_day ON shipments(day);
CREATE INDEX shipments_by_order ON shipments(order_id) WHERE order_id IS NOT NULL;
CREATE INDEX shipments_by_promise ON shipments(promised_day);
CREATE INDEX shipments_by_delivery ON shipments(delivered_day);

-- ---------- marketing.  last_day > day: the row stands for the whole span and for no single day.
CREATE TABLE ad_performance(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, last_day INTEGER NOT NULL, shop_id INTEGER,
  channel_id INTEGER, campaign_id INTEGER, ad_group TEXT, ad TEXT, product_id INTEGER, device TEXT, impressions INTEGER, clicks INTEGER,
  cost_minor INTEGER, conversions REAL, conv_value_minor INTEGER, carts INTEGER, favs INTEGER, new_customers INTEGER, attribution TEXT,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX ad_performance_by_day ON ad_performance(day);
-- variant names the breakdown of the report (date, query, page, ...): rows of two variants are the same clicks twice
CREATE TABLE search_performance(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, last_day INTEGER NOT NULL, shop_id INTEGER,
  variant TEXT NOT NULL, engine TEXT, query TEXT, page TEXT, device TEXT, region_id INTEGER, impressions INTEGER, clicks INTEGER,
  position_weighted REAL, is_branded INTEGER, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX search_performance_by_day ON search_performance(day);
CREATE TABLE social_performance(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, shop_id INTEGER, channel_id INTEGER,
  account TEXT NOT NULL, posts INTEGER, reach INTEGER, impressions INTEGER, engagements INTEGER, link_clicks INTEGER, followers_end INTEGER,
  followers_gained INTEGER, followers_lost INTEGER, mentions INTEGER, competitor_mentions INTEGER,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX social_performance_by_day ON social_performance(day);
CREATE TABLE email_performance(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, shop_id INTEGER, campaign_id INTEGER,
  sent INTEGER NOT NULL, delivered INTEGER, hard_bounces INTEGER, soft_bounces INTEGER, unique_opens INTEGER, machine_opens INTEGER,
  unique_clicks INTEGER, unsubscribes INTEGER, complaints INTEGER, orders INTEGER, revenue_minor INTEGER,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX email_performance_by_day ON email_performance(day);

-- ---------- site
CREATE TABLE site_traffic(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, last_day INTEGER NOT NULL, shop_id INTEGER,
  variant TEXT NOT NULL, channel_id INTEGER, device TEXT, region_id INTEGER, product_id INTEGER, landing TEXT, sessions INTEGER, visitors INTEGER,
  new_visitors INTEGER, pageviews INTEGER, single_page_sessions INTEGER, engaged_sessions INTEGER, engagement_seconds INTEGER,
  dwell_seconds INTEGER, dwell_views INTEGER, cart_sessions INTEGER, checkout_sessions INTEGER, purchase_sessions INTEGER, buyers INTEGER,
  orders INTEGER, revenue_minor INTEGER, active_users INTEGER, js_error_sessions INTEGER,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX site_traffic_by_day ON site_traffic(day);
CREATE TABLE page_p75(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, last_day INTEGER NOT NULL, page TEXT NOT NULL,
  device TEXT NOT NULL, metric TEXT NOT NULL, p75 REAL NOT NULL, good REAL, needs REAL, poor REAL,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX page_p75_by_day ON page_p75(day);
CREATE TABLE lab_audits(audit_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, ts INTEGER NOT NULL, day INTEGER NOT NULL, url TEXT NOT NULL,
  device TEXT NOT NULL, tool_version TEXT, performance REAL, accessibility REAL, best_practices REAL, seo REAL, fcp_ms REAL, lcp_ms REAL,
  tbt_ms REAL, si_ms REAL, cls REAL, ttfb_ms REAL, bytes INTEGER, viewport_ok INTEGER, font_ok INTEGER, tap_ok INTEGER, width_ok INTEGER,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX lab_audits_by_day ON lab_audits(day);
CREATE TABLE uptime_checks(check_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, ts INTEGER NOT NULL, day INTEGER NOT NULL,
  target TEXT NOT NULL, region TEXT, ok INTEGER NOT NULL, http_status INTEGER, latency_ms INTEGER, in_maintenance INTEGER,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX uptime_checks_by_day ON uptime_checks(day);
CREATE TABLE incidents(incident_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, target TEXT NOT NULL, started_ts INTEGER NOT NULL,
  ended_ts INTEGER, day INTEGER NOT NULL, planned INTEGER, reason TEXT, seconds INTEGER, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX incidents_by_day ON incidents(day);
CREATE TABLE monitor_days(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, target TEXT NOT NULL,
  up_seconds INTEGER NOT NULL, down_seconds INTEGER NOT NULL, incidents INTEGER, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX monitor_days_by_day ON monitor_days(day);

-- ---------- people
CREATE TABLE support_conversations(conversation_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, shop_id INTEGER, ticket_no TEXT NOT NULL,
  channel_id INTEGER, agent_id INTEGER, customer_id INTEGER, day INTEGER NOT NULL, phase TEXT, is_inquiry INTEGER, already_paid INTEGER,
  first_msg_ts INTEGER, first_reply_ts INTEGER, reply_gaps INTEGER, reply_seconds INTEGER, customer_msgs INTEGER, agent_msgs INTEGER,
  resolved_ts INTEGER, reopened INTEGER, contacts INTEGER, is_complaint INTEGER, paid_lag_days INTEGER, csat INTEGER, status TEXT,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX support_conversations_by_day ON support_conversations(day);
CREATE TABLE agent_day(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, shop_id INTEGER, agent_id INTEGER,
  received INTEGER NOT NULL, replied INTEGER, inquirers INTEGER, converted INTEGER, first_reply_n INTEGER, first_reply_seconds INTEGER,
  replies_n INTEGER, reply_seconds INTEGER, resolved INTEGER, resolution_seconds INTEGER, csat_n INTEGER, csat_ok INTEGER, sales_minor INTEGER,
  refund_minor INTEGER, orders INTEGER, buyers INTEGER, online_seconds INTEGER, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX agent_day_by_day ON agent_day(day);
CREATE TABLE targets(target_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, metric TEXT NOT NULL, scope_kind TEXT NOT NULL,
  scope TEXT NOT NULL, first_day INTEGER NOT NULL, last_day INTEGER NOT NULL, target REAL NOT NULL, floor REAL, stretch REAL, weight REAL,
  direction TEXT, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE TABLE expenses(expense_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, expense_no TEXT, day INTEGER NOT NULL, shop_id INTEGER,
  channel_id INTEGER, class TEXT NOT NULL, amount_minor INTEGER NOT NULL, is_variable INTEGER,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX expenses_by_day ON expenses(day);
"""

STEP_2 = """
-- what a newer export changed about a row that was known: old and new are JSON, as asserted
CREATE TABLE restatement(restatement_id INTEGER PRIMARY KEY, import_id INTEGER NOT NULL REFERENCES imports(import_id),
  table_name TEXT NOT NULL, row_id INTEGER NOT NULL, row_key TEXT NOT NULL, field TEXT NOT NULL, day INTEGER, old TEXT, new TEXT) STRICT;
CREATE INDEX restatement_by_import ON restatement(import_id);
CREATE INDEX restatement_by_day ON restatement(day);

-- ---------- what platforms total themselves: never summed with orders, only held against them
CREATE TABLE sales_daily(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, last_day INTEGER NOT NULL,
  variant TEXT NOT NULL, shop_id INTEGER, channel_id INTEGER, product_id INTEGER, orders INTEGER, units INTEGER, gross_minor INTEGER,
  discount_minor INTEGER, returns_minor INTEGER, net_minor INTEGER, shipping_minor INTEGER, tax_minor INTEGER, total_minor INTEGER,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX sales_daily_by_day ON sales_daily(day);
CREATE TABLE payouts(payout_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, payout_no TEXT, shop_id INTEGER, day INTEGER NOT NULL,
  gross_minor INTEGER, refunds_minor INTEGER, fees_minor INTEGER, adjustments_minor INTEGER, net_minor INTEGER NOT NULL, status TEXT,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX payouts_by_day ON payouts(day);
CREATE TABLE shop_scores(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, shop_id INTEGER, indicator TEXT NOT NULL,
  score REAL NOT NULL, scale_max REAL, industry REAL, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX shop_scores_by_day ON shop_scores(day);
CREATE TABLE search_ranks(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, engine TEXT, keyword TEXT NOT NULL,
  page TEXT, device TEXT, region_id INTEGER, position REAL, previous REAL, volume INTEGER, traffic REAL,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX search_ranks_by_day ON search_ranks(day);

-- ---------- plans and people, from our own templates
CREATE TABLE labour(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, staff_id INTEGER, shop_id INTEGER,
  channel_id INTEGER, hours REAL NOT NULL, cost_minor INTEGER, units_handled INTEGER, errors INTEGER,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX labour_by_day ON labour(day);
CREATE TABLE training(training_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, topic TEXT NOT NULL, staff_id INTEGER,
  day INTEGER NOT NULL, hours REAL, metric TEXT, completed INTEGER, pre_score REAL, post_score REAL, satisfaction INTEGER,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX training_by_day ON training(day);
CREATE TABLE content_audits(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, product_id INTEGER, staff_id INTEGER,
  image_score REAL, copy_score REAL, brand_score REAL, weight REAL, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX content_audits_by_day ON content_audits(day);
CREATE TABLE budgets(budget_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, first_day INTEGER NOT NULL, last_day INTEGER NOT NULL,
  shop_id INTEGER, department TEXT, class TEXT NOT NULL, amount_minor INTEGER NOT NULL,
  import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE TABLE market_size(market_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, first_day INTEGER NOT NULL, last_day INTEGER NOT NULL,
  category_id INTEGER, platform TEXT, sales_minor INTEGER NOT NULL, origin TEXT, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE TABLE demand_forecast(row_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, day INTEGER NOT NULL, product_id INTEGER,
  made_day INTEGER NOT NULL, qty REAL NOT NULL, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX demand_forecast_by_day ON demand_forecast(day);
CREATE TABLE events(event_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kind TEXT, shop_id INTEGER,
  first_day INTEGER NOT NULL, last_day INTEGER NOT NULL, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
ALTER TABLE expenses ADD COLUMN department TEXT;
"""

STEP_3 = """
-- an answer about a source that was changed afterwards; values are written as ``--set`` takes them
CREATE TABLE answer_change(change_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL REFERENCES source(source_id), name TEXT NOT NULL,
  old TEXT, new TEXT, changed_utc INTEGER NOT NULL) STRICT;
CREATE INDEX answer_change_by_source ON answer_change(source_id);
-- nothing has filled the table of step 2 yet.  Either an import restates or an answer does; row_id NULL: a sum of several rows
DROP TABLE restatement;
CREATE TABLE restatement(restatement_id INTEGER PRIMARY KEY, import_id INTEGER REFERENCES imports(import_id),
  change_id INTEGER REFERENCES answer_change(change_id), table_name TEXT NOT NULL, row_id INTEGER, row_key TEXT NOT NULL,
  field TEXT NOT NULL, day INTEGER, old TEXT, new TEXT, CHECK((import_id IS NULL) <> (change_id IS NULL))) STRICT;
CREATE INDEX restatement_by_import ON restatement(import_id) WHERE import_id IS NOT NULL;
CREATE INDEX restatement_by_change ON restatement(change_id) WHERE change_id IS NOT NULL;
CREATE INDEX restatement_by_day ON restatement(day);
ALTER TABLE source ADD COLUMN attribution TEXT;
"""

STEP_4 = """
-- a person's own metrics: an expression over metrics of the catalogue
CREATE TABLE own_metric(metric TEXT PRIMARY KEY, name TEXT NOT NULL, definition TEXT NOT NULL, expression TEXT NOT NULL,
  unit TEXT NOT NULL, direction TEXT NOT NULL, decimals INTEGER) STRICT;
-- ---------- money in other currencies than the workspace's (imports.currency NULL: the workspace's)
ALTER TABLE imports ADD COLUMN currency TEXT;
-- what files say of rates: ``rate`` of ``quote`` (NULL: the reporting currency) for ``units`` (NULL: 1) of ``currency``
CREATE TABLE exchange_rates(exchange_rate_id INTEGER PRIMARY KEY, natural_key TEXT NOT NULL UNIQUE, day INTEGER NOT NULL, currency TEXT NOT NULL,
  quote TEXT, units INTEGER, rate REAL NOT NULL, import_id INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
-- rates that a person typed in, which win; in 1/1 000 000 000 of ``quote`` for one of ``currency``
CREATE TABLE typed_rate(currency TEXT NOT NULL, quote TEXT NOT NULL, day INTEGER NOT NULL, rate_e9 INTEGER NOT NULL,
  PRIMARY KEY(currency, quote, day)) STRICT, WITHOUT ROWID;
-- rows with amounts in another currency.  With a rate: the fact holds converted amounts, ``says`` (JSON by column) those as
-- traded.  Without (rate_e9 NULL): the row waits, its fact is taken out (an order keeps its number only), ``says`` is all of it.
-- day: the one whose rate is wanted; place: natural key or block key; order_id: of orders, their lines and refunds
CREATE TABLE traded(traded_id INTEGER PRIMARY KEY, table_name TEXT NOT NULL, row_id INTEGER, place TEXT, order_id INTEGER,
  import_id INTEGER NOT NULL, currency TEXT NOT NULL, day INTEGER NOT NULL, rate_day INTEGER, rate_e9 INTEGER, says TEXT NOT NULL) STRICT;
CREATE INDEX traded_by_row ON traded(table_name, row_id);
CREATE INDEX traded_by_place ON traded(table_name, place) WHERE place IS NOT NULL;
CREATE INDEX traded_by_order ON traded(order_id) WHERE order_id IS NOT NULL;
CREATE INDEX traded_by_day ON traded(currency, day);
CREATE INDEX traded_waiting ON traded(currency, day) WHERE rate_e9 IS NULL;
"""

STEP_5 = """
-- derived from the reason alone, by the words of resources/refund_reasons.toml (see ``reasons.py``)
ALTER TABLE refunds ADD COLUMN reason_class TEXT;
-- few platforms say anything of claims: only orders of which one does
CREATE INDEX orders_judged ON orders(sale_day) WHERE coalesce(has_claim, has_chargeback) IS NOT NULL;
"""

STEP_6 = """
-- a person's own events, and other days of known ones (see ``events.py``); without days: it does not count in that year
CREATE TABLE own_event(code TEXT NOT NULL, year INTEGER NOT NULL, name TEXT, kind TEXT, first_day INTEGER, last_day INTEGER,
  anchor_day INTEGER, PRIMARY KEY(code, year)) STRICT, WITHOUT ROWID;
-- financial years are those of months until a person says otherwise
UPDATE calendar SET fiscal_period_id = month_id WHERE fiscal_period_id IS NULL;
"""

# Number of a step, and its SQL.  New steps go to the end.
STEPS: tuple[tuple[int, str], ...] = ((1, STEP_1), (2, STEP_2), (3, STEP_3), (4, STEP_4), (5, STEP_5), (6, STEP_6))
VERSION = STEPS[-1][0]
