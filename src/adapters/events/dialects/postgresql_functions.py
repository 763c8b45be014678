"""PostgreSQL: functions that read texts and compute as the domain does."""

from __future__ import annotations

from ....domain.readings import ISO_SYNTAX, NUMBER_SYNTAX

# By the rules of `number_of`. What is too small for a double is zero.
_NUMBER = rf"""
CREATE OR REPLACE FUNCTION hedgerow_number(value text) RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN value COLLATE "C" ~ '^{NUMBER_SYNTAX}$' THEN CASE
            WHEN pg_input_is_valid(value, 'double precision') THEN value::double precision
            WHEN value COLLATE "C" ~ '[eE]-' THEN 0::double precision
        END
    END
$$"""

# By the rules of `instant_of`. The fraction alone is rounded, half to even, as Python's `timedelta` does.
_INSTANT = r"""
CREATE OR REPLACE FUNCTION hedgerow_instant(value text, zone text) RETURNS timestamp LANGUAGE plpgsql STABLE
PARALLEL SAFE AS $$
DECLARE
    seconds double precision := hedgerow_number(value);
    trimmed text := btrim(value, E' \t\r\n');
    found timestamp;
BEGIN
    IF seconds IS NOT NULL THEN
        IF abs(seconds) < 1e12 THEN
            found := hedgerow_unix(trunc(seconds)::bigint * 1000000 + round((seconds - trunc(seconds)) * 1e6)::bigint);
        END IF;
    ELSE
        found := coalesce(hedgerow_iso(trimmed, zone), hedgerow_iso(left(trimmed, 10), zone));
    END IF;
    RETURN CASE WHEN found BETWEEN '1000-01-01' AND '9999-12-31 23:59:59.999999' THEN found END;
END $$"""

_UNIX = """
CREATE OR REPLACE FUNCTION hedgerow_unix(micros bigint) RETURNS timestamp LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT timestamp '1970-01-01' + make_interval(
        days => (micros / 86400000000)::integer, secs => mod(micros, 86400000000)::double precision / 1e6)
$$"""

_ISO = rf"""
CREATE OR REPLACE FUNCTION hedgerow_iso(value text, zone text) RETURNS timestamp LANGUAGE plpgsql STABLE
PARALLEL SAFE AS $$
DECLARE
    parts text[] := regexp_match(value COLLATE "C", '^(?:{ISO_SYNTAX})$');
    wall text := concat(parts[1], ' ', coalesce(parts[2], '00'), ':', coalesce(parts[3], '00'), ':',
        coalesce(parts[4], '00'), '.', rpad(left(coalesce(parts[5], ''), 6), 6, '0'));
    digits text := rpad(replace(substr(parts[6], 2), ':', ''), 4, '0');
    away interval;
BEGIN
    IF parts IS NULL OR NOT pg_input_is_valid(wall, 'timestamp') THEN
        RETURN NULL;
    END IF;
    IF parts[6] IS NULL OR parts[6] = '' THEN
        RETURN (wall::timestamp AT TIME ZONE zone) AT TIME ZONE 'UTC';
    END IF;
    IF parts[6] = 'Z' THEN
        RETURN wall::timestamp;
    END IF;
    away := make_interval(hours => left(digits, 2)::integer, mins => right(digits, 2)::integer);
    RETURN CASE WHEN left(parts[6], 1) = '-' THEN wall::timestamp + away ELSE wall::timestamp - away END;
END $$"""

# The elements of a JSON list as texts; another text is its only element.
_ELEMENTS = r"""
CREATE OR REPLACE FUNCTION hedgerow_elements(value text) RETURNS SETOF text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_array_elements_text(CASE
        WHEN left(ltrim(value, E' \t\r\n'), 1) = '[' AND pg_input_is_valid(value, 'jsonb') THEN value::json
        ELSE json_build_array(value)
    END)
$$"""

# `+ - * /` of numbers whose result PostgreSQL may refuse: NULL where it is too large, 0 where it is too small.
_ARITHMETIC = """
CREATE OR REPLACE FUNCTION hedgerow_arithmetic(op text, a double precision, b double precision)
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    size double precision;
BEGIN
    RETURN CASE op WHEN '+' THEN a + b WHEN '-' THEN a - b WHEN '*' THEN a * b ELSE a / nullif(b, 0) END;
EXCEPTION WHEN numeric_value_out_of_range THEN
    size := CASE op WHEN '*' THEN log(abs(a)) + log(abs(b)) WHEN '/' THEN log(abs(a)) - log(abs(b)) ELSE 1 END;
    RETURN CASE WHEN size < 0 THEN 0 END;
END $$"""

# C's `fmod`, exactly: by subtracting the divisor, doubled as often as it goes.
_REMAINDER = """
CREATE OR REPLACE FUNCTION hedgerow_remainder(a double precision, b double precision)
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    rest double precision := abs(a);
    divisor double precision := abs(b);
    part double precision;
BEGIN
    IF a IS NULL OR b IS NULL OR b = 0 THEN
        RETURN NULL;
    END IF;
    WHILE rest >= divisor LOOP
        part := divisor;
        WHILE part <= rest / 2 LOOP
            part := part * 2;
        END LOOP;
        rest := rest - part;
    END LOOP;
    RETURN CASE WHEN a < 0 THEN -rest ELSE rest END;
END $$"""

# Half away from zero, as the domain rounds.
_ROUNDED = """
CREATE OR REPLACE FUNCTION hedgerow_rounded(number double precision, digits integer)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN abs(number) >= 1e15 THEN number
        ELSE sign(number) * (floor(abs(scaled)) + CASE WHEN abs(scaled) - floor(abs(scaled)) >= 0.5 THEN 1 ELSE 0 END)
            / (10::double precision ^ digits)
    END
    FROM (SELECT CASE WHEN abs(number) < 1e15 THEN number * (10::double precision ^ digits) END AS scaled) AS s
$$"""

_DOUBLE = """
CREATE OR REPLACE FUNCTION hedgerow_double(number numeric) RETURNS double precision LANGUAGE sql IMMUTABLE
PARALLEL SAFE AS $$
    SELECT CASE WHEN abs(number) < 1.7976931348623158e308 THEN number::double precision
        ELSE sign(number)::double precision * 'Infinity'::double precision END
$$"""

# The first group of each match as a JSON list.
_MATCHES = """
CREATE OR REPLACE FUNCTION hedgerow_matches(value text, pattern text) RETURNS text LANGUAGE sql IMMUTABLE
PARALLEL SAFE AS $$
    SELECT to_json(array_agg(found[1]))::text FROM regexp_matches(value, pattern, 'g') AS found
$$"""

FUNCTIONS = (_MATCHES, _DOUBLE, _NUMBER, _UNIX, _ISO, _INSTANT, _ELEMENTS, _ARITHMETIC, _REMAINDER, _ROUNDED)
