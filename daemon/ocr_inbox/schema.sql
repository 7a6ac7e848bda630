-- The ledger: one row a document version, and the history of each.

CREATE TABLE jobs (
    id               INTEGER PRIMARY KEY,
    inbox            TEXT    NOT NULL,
    key              TEXT    NOT NULL,
    version          TEXT    NOT NULL,
    size             INTEGER NOT NULL CHECK (size >= 0),
    pipeline         TEXT,
    rule             TEXT    NOT NULL,
    priority         INTEGER NOT NULL,
    outputs          TEXT    NOT NULL,
    fallback         TEXT,
    state            TEXT    NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'buried', 'skipped')),
    attempts         INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    attempts_allowed INTEGER NOT NULL CHECK (attempts_allowed >= 1),
    not_before       REAL    NOT NULL,
    worker           TEXT,
    diverted         TEXT,
    sidecar          TEXT,
    anew             INTEGER NOT NULL DEFAULT 0 CHECK (anew IN (0, 1)),
    code             TEXT,
    reason           TEXT,
    pages            INTEGER CHECK (pages >= 0),
    pages_done       INTEGER NOT NULL DEFAULT 0 CHECK (pages_done >= 0),
    enqueued_at      REAL    NOT NULL,
    changed_at       REAL    NOT NULL,
    started_at       REAL,
    finished_at      REAL,
    UNIQUE (inbox, key, version),
    CHECK ((state = 'running') = (worker IS NOT NULL)),
    CHECK ((state IN ('done', 'buried', 'skipped')) = (finished_at IS NOT NULL)),
    CHECK (pipeline IS NOT NULL OR state = 'skipped'),
    CHECK (diverted IS NULL OR fallback IS NOT NULL)
) STRICT;

-- The next job of a pipeline in each inbox, without looking at what is done or at what a paused inbox holds back.
CREATE INDEX jobs_waiting ON jobs (pipeline, priority, inbox, not_before, id) WHERE state = 'waiting';
CREATE INDEX jobs_divertible ON jobs (pipeline, fallback, priority, inbox, not_before, id)
    WHERE state = 'waiting' AND fallback IS NOT NULL;
CREATE INDEX jobs_open ON jobs (inbox, pipeline, state, enqueued_at) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_vanished ON jobs (inbox, key, version) WHERE state = 'skipped' AND code = 'vanished';
CREATE INDEX jobs_by_state ON jobs (state, id);
CREATE INDEX jobs_changed ON jobs (state, changed_at);
CREATE INDEX jobs_finished ON jobs (inbox, finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE transitions (
    id      INTEGER PRIMARY KEY,
    job     INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    at      REAL    NOT NULL,
    state   TEXT    NOT NULL,
    attempt INTEGER NOT NULL,
    code    TEXT,
    reason  TEXT
) STRICT;

CREATE INDEX transitions_of_job ON transitions (job, id);

-- The history writes itself: no code path can forget it.
CREATE TRIGGER job_enqueued AFTER INSERT ON jobs BEGIN
    INSERT INTO transitions (job, at, state, attempt, code, reason)
    VALUES (new.id, new.enqueued_at, new.state, new.attempts, new.code, new.reason);
END;

CREATE TRIGGER job_changed AFTER UPDATE OF state ON jobs WHEN old.state IS NOT new.state BEGIN
    INSERT INTO transitions (job, at, state, attempt, code, reason)
    VALUES (new.id, new.changed_at, new.state, new.attempts,
            iif(new.state = 'running' AND new.sidecar IS NULL AND new.diverted IS NOT NULL, 'diverted', new.code),
            iif(new.state = 'running' AND new.sidecar IS NULL, new.diverted, new.reason));
END;

-- Why no reader of a pipeline can be opened: one row, however many jobs wait for it.
CREATE TABLE obstacles (
    pipeline TEXT PRIMARY KEY,
    code     TEXT NOT NULL,
    reason   TEXT NOT NULL
) STRICT;

-- Inboxes that are away: one row, however many of their jobs wait. From `not_before` on, one job finds out whether the
-- inbox is back; if nothing is known of it a minute later, another one does. Requests wait for uploads: each is told.
CREATE TABLE holds (
    inbox      TEXT PRIMARY KEY CHECK (inbox <> 'uploads'),
    since      REAL NOT NULL,
    not_before REAL NOT NULL,
    code       TEXT NOT NULL,
    reason     TEXT NOT NULL
) STRICT;

CREATE TRIGGER hold_tried AFTER UPDATE OF state ON jobs WHEN new.state = 'running' BEGIN
    UPDATE holds SET not_before = new.started_at + 60.0 WHERE inbox = new.inbox;
END;

-- It came back for another reason: the next one tries.
CREATE TRIGGER hold_untried AFTER UPDATE OF state ON jobs WHEN new.state = 'waiting' BEGIN
    UPDATE holds SET not_before = new.changed_at WHERE inbox = new.inbox;
END;

CREATE TRIGGER hold_over AFTER UPDATE OF state ON jobs WHEN new.state IN ('done', 'buried', 'skipped') BEGIN
    DELETE FROM holds WHERE inbox = new.inbox;
END;

-- Windows of a document that were read already; they go when its sidecar is there, or it comes to its end.
CREATE TABLE windows (
    job           INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    first_page    INTEGER NOT NULL CHECK (first_page >= 0),
    config_digest TEXT    NOT NULL,
    content       BLOB    NOT NULL,
    PRIMARY KEY (job, first_page)
) STRICT;

CREATE TRIGGER windows_forgotten AFTER UPDATE OF sidecar, finished_at ON jobs
WHEN new.sidecar IS NOT NULL OR new.finished_at IS NOT NULL BEGIN
    DELETE FROM windows WHERE job = new.id;
END;

-- Since when each inbox is watched: what a bucket held before can be left alone.
CREATE TABLE inboxes (
    name  TEXT PRIMARY KEY,
    since REAL NOT NULL
) STRICT;

-- Where a backfill goes on that was stopped.
CREATE TABLE backfills (
    inbox   TEXT NOT NULL,
    prefix  TEXT NOT NULL,
    goes_on TEXT NOT NULL,
    PRIMARY KEY (inbox, prefix)
) STRICT;

-- Inboxes whose documents nobody claims for now, because a person said so.
CREATE TABLE pauses (
    inbox  TEXT PRIMARY KEY CHECK (inbox <> 'uploads'),
    since  REAL NOT NULL,
    reason TEXT
) STRICT;

-- At most one row, until the next start: the daemon ends when what it has in hand is read, or the whole queue.
CREATE TABLE drains (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    scope TEXT NOT NULL CHECK (scope IN ('hand', 'queue')),
    since REAL NOT NULL
) STRICT;
