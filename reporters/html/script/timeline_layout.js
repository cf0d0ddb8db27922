// timeline_layout.js - what the timeline shows, without drawing it: sums, the critical path, how much ran at once.

function sumLane(lane, announced) {
  const sums = { wait: 0, deploy: 0, test: 0, idle: 0 };
  const busy = [];
  for (const { kind, start, end } of lane.segments) {
    const name = kind === "attempt" ? "test" : kind;
    sums[name] += end - start;
    busy.push([start, end]);
  }
  busy.sort((a, b) => a[0] - b[0]);
  let covered = announced;
  for (const [start, end] of busy) {
    sums.idle += Math.max(0, start - covered);
    covered = Math.max(covered, end);
  }
  sums.idle += Math.max(0, lane.end - covered);
  return sums;
}

/** Deploys of one lane overlap: each gets a line of its own. */
function stackDeploys(lane) {
  const ends = [];
  for (const segment of lane.segments) {
    if (segment.kind === "deploy") {
      let line = ends.findIndex((end) => end <= segment.start);
      line = line < 0 ? ends.length : line;
      ends[line] = segment.end;
      segment.line = line;
    }
  }
  lane.deployLines = Math.max(1, ends.length);
}

/** [[ms, attempts, deploys], …]: how many were under way from then on. */
function concurrency(lanes) {
  const changes = [];
  for (const lane of lanes) {
    for (const { kind, start, end } of lane.segments) {
      if (kind !== "wait" && end > start) {
        changes.push([start, kind, 1], [end, kind, -1]);
      }
    }
  }
  changes.sort((a, b) => a[0] - b[0]);
  const now = { attempt: 0, deploy: 0 };
  const points = [];
  for (const [at, kind, by] of changes) {
    now[kind] += by;
    if (points.length > 0 && points[points.length - 1][0] === at) {
      points.pop();
    }
    points.push([at, now.attempt, now.deploy]);
  }
  return points;
}

function lastBefore(lane, at) {
  let best = null;
  for (const segment of lane.segments) {
    if (segment.end <= at && segment.end > segment.start && (best === null || segment.end > best.end)) {
      best = segment;
    }
  }
  return best;
}

/** The lane that gave an account back just before another one was granted it. */
function giverOf(lanes, taker, account, at) {
  let giver = null;
  for (const lane of lanes) {
    if (lane !== taker && lane.account === account && lane.end <= at + 5 && (giver === null || lane.end > giver.end)) {
      giver = lane;
    }
  }
  return giver;
}

/** From the last attempt backwards: what each step waited for. Where a lane waited for an account that another lane
 * of this run held, the path goes on in that lane. */
function criticalPath(lanes) {
  const path = [];
  let lane = null;
  let segment = null;
  for (const one of lanes) {
    for (const attempt of one.segments) {
      const hasEnded = attempt.kind === "attempt" && attempt.outcome !== "lost";
      if (hasEnded && (segment === null || attempt.end > segment.end)) {
        lane = one;
        segment = attempt;
      }
    }
  }
  const seen = new Set();
  while (segment !== null && !seen.has(segment)) {
    seen.add(segment);
    path.unshift({ lane, segment });
    const giver = segment.kind === "wait" && segment.account ? giverOf(lanes, lane, segment.account, segment.end) : null;
    if (giver) {
      lane = giver;
      segment = lastBefore(lane, segment.end);
    } else {
      segment = lastBefore(lane, segment.start);
    }
  }
  return path;
}

/** The path in words: one entry for what follows in one lane and is of one kind. */
function describePath(path) {
  const steps = [];
  for (const { lane, segment } of path) {
    const last = steps[steps.length - 1];
    if (last && last.lane === lane && last.kind === segment.kind) {
      last.segments.push(segment);
    } else {
      steps.push({ lane, kind: segment.kind, segments: [segment] });
    }
  }
  return steps.map(({ lane, kind, segments }) => {
    const ms = segments.reduce((sum, segment) => sum + segment.end - segment.start, 0);
    const words = {
      wait: () => "waited for an account",
      deploy: () => `deployed ${segments.map((segment) => segment.stack).join(", ")}`,
      attempt: () => (segments.length === 1
        ? `ran ${segments[0].suite.name}${segments[0].number > 1 ? ` again` : ""}`
        : `ran ${count(segments.length, "suite")}`),
    };
    return { lane, segment: segments[segments.length - 1], text: `shard ${lane.number} ${words[kind]()}`, ms };
  });
}

const LANE_ORDERS = {
  number: { title: "number", compare: (a, b) => a.number - b.number },
  end: { title: "end, last first", compare: (a, b) => b.end - a.end },
  wait: { title: "longest wait", compare: (a, b) => b.sums.wait - a.sums.wait },
  deploy: { title: "longest deploy", compare: (a, b) => b.sums.deploy - a.sums.deploy },
};
