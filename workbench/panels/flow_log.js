// What the page knows of the packets: their crossings, and where each is at a given clock.
// Joined behind flow_layout.js, in front of packet_flow.js. Nothing here reads a clock.

function readFrame(content, buffers, cells) {
  const raw = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const events = raw(buffers[0]);
  const n = content.rows;
  let at = 0;
  const column = (Type) => {
    const values = new Type(events, at, n);
    at += n * Type.BYTES_PER_ELEMENT;
    return values;
  };
  const [packet, leave, arrive] = [column(Float64Array), column(Float64Array), column(Float64Array)];
  const [source, target] = [column(Int32Array), column(Int32Array)];
  const kind = column(Uint8Array);
  const grid = new Int32Array(raw(buffers[1]));
  const pools = content.times_s.map((time, k) => ({
    time, held: grid.subarray(k * cells, (k + 1) * cells) }));
  const belief = content.has_belief ? new Float32Array(raw(buffers[2])) : null;
  return { n, packet, leave, arrive, source, target, kind, pools, belief,
    beliefOut: content.belief_out, clock: content.clock_s };
}

// The kernel's rule (flow_sample.py): a packet is drawn for its number alone.
function isDrawn(number, oneIn) {
  return Math.imul(number % 4294967296, 2654435761) >>> 0 < Math.floor(4294967296 / oneIn);
}

class FlowLog {
  constructor(network) {
    this.network = network;
    this.packets = new Map();
    this.pools = [];
    this.beliefs = [];
    this.clock = -Infinity;
  }

  // How much later than the users' column a node is drawn, in network seconds: one drawn
  // crossing for each column. So crossings take time for the eye and none in any number.
  lag(node, isTarget) {
    const { layers, width, travel_s } = this.network;
    if (homeOf(node) !== null) return this.columnLag(Math.floor(homeOf(node) / width));
    if (node < 0) return isTarget ? (layers + 1) * travel_s : 0;
    return this.columnLag(Math.floor(node / width));
  }

  add(frame) {
    const { travel_s } = this.network;
    for (let i = 0; i < frame.n; i += 1) {
      const number = frame.packet[i];
      let packet = this.packets.get(number);
      if (!packet) {
        packet = { number, kind: frame.kind[i], legs: [] };
        this.packets.set(number, packet);
      }
      const leg = { source: frame.source[i], target: frame.target[i],
        leave: frame.leave[i], arrive: frame.arrive[i], path: null };
      const last = packet.legs[packet.legs.length - 1];
      leg.drawnLeave = leg.leave + this.lag(leg.source, false);
      if (last) leg.drawnLeave = Math.max(leg.drawnLeave, last.drawnArrive);
      // Where a route runs sideways or backwards a crossing still takes its moment.
      leg.drawnArrive = Math.max(leg.arrive + this.lag(leg.target, true),
        leg.drawnLeave + 0.6 * travel_s);
      if (leg.target === NOWHERE) leg.drawnArrive = leg.drawnLeave + travel_s;
      packet.legs.push(leg);
    }
    this.pools.push(...frame.pools);
    this.beliefs.push({ time: frame.clock, belief: frame.belief, out: frame.beliefOut });
    this.clock = frame.clock;
  }

  thin(oneIn, followed) {
    for (const number of this.packets.keys()) {
      if (number !== followed && !isDrawn(number, oneIn)) this.packets.delete(number);
    }
  }

  // Where a packet is at the shown clock: {leg, share} on a link, {mix, since} in a mix,
  // null before it starts or after it has left.
  place(packet, shown) {
    const { legs } = packet;
    let i = legs.length - 1;
    while (i >= 0 && legs[i].drawnLeave > shown) i -= 1;
    if (i < 0) return null;
    const leg = legs[i];
    if (shown < leg.drawnArrive) {
      const share = (shown - leg.drawnLeave) / (leg.drawnArrive - leg.drawnLeave);
      return { leg, share };
    }
    return leg.target >= 0 ? { mix: leg.target, since: leg.arrive, leg } : null;
  }

  isOver(packet, shown) {
    const last = packet.legs[packet.legs.length - 1];
    return last.target < 0 && shown > last.drawnArrive;
  }

  forget(shown) {
    for (const [number, packet] of this.packets) {
      if (this.isOver(packet, shown)) this.packets.delete(number);
      else if (packet.legs.length > 2 && packet.legs[1].drawnArrive < shown) packet.legs.shift();
    }
    const oldest = shown - this.lag(-1, true);
    cutBefore(this.pools, oldest);
    cutBefore(this.beliefs, oldest);
  }

  // The exact count of each circle at the time at which its layer is drawn.
  held(shown, layer) {
    return lastBefore(this.pools, this.columnTime(shown, layer))?.held;
  }

  // When that count was taken: at most an eighth of a frame before the column's time.
  countTime(shown, layer) {
    return lastBefore(this.pools, this.columnTime(shown, layer))?.time;
  }

  belief(shown, layer) {
    return lastBefore(this.beliefs, this.columnTime(shown, layer))?.belief ?? null;
  }

  beliefOut(shown) {
    return lastBefore(this.beliefs, shown - this.lag(-1, true))?.out ?? 0;
  }

  columnTime(shown, layer) {
    return shown - this.columnLag(layer);
  }

  columnLag(layer) {
    const { topology, travel_s } = this.network;
    return (topology === "free_route" ? 1 : layer + 1) * travel_s;
  }
}

function cutBefore(rows, time) {
  let keep = 0;
  while (keep + 1 < rows.length && rows[keep + 1].time <= time) keep += 1;
  if (keep) rows.splice(0, keep);
}

function lastBefore(rows, time) {
  for (let i = rows.length - 1; i >= 0; i -= 1) if (rows[i].time <= time) return rows[i];
  return rows[0];
}

// The shown clock: runs behind what the kernel has told by about one frame, so that it
// never runs dry, and stops at the last thing told. It never goes back and never loops.
class ShownClock {
  constructor(slowDown) {
    this.slowDown = slowDown;
    this.shown = null;
    this.told = null;
    this.frame = 0.2 / slowDown;
  }

  tell(clock) {
    if (this.told === null) this.shown = clock;
    else if (clock > this.told) this.frame += 0.3 * (clock - this.told - this.frame);
    this.told = clock;
  }

  // Moves on by so many seconds of the eye; false when there is nothing left to show.
  advance(seconds) {
    if (this.told === null || this.shown >= this.told) return false;
    const ahead = this.told - this.shown;
    const wanted = Math.max(1.2 * this.frame, 0.12 / this.slowDown);
    if (ahead > Math.max(6 * wanted, 1.5 / this.slowDown)) this.shown = this.told - wanted;
    const pace = Math.max(0.8, Math.min(1.4, 1 + 0.25 * (ahead / wanted - 1)));
    this.shown = Math.min(this.told, this.shown + (seconds * pace) / this.slowDown);
    return true;
  }
}
