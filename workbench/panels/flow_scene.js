// One picture of the network at a shown clock: what is painted where, and what it is.
// Joined behind flow_log.js, in front of packet_flow.js.

class Scene {
  constructor(network) {
    this.network = network;
    this.log = new FlowLog(network);
    this.info = { one_in: 1, followed: null, inside: 0 };
    this.marks = { down: new Set(), corrupt: new Set() };
    this.layout = null;
    this.painted = []; // what the last picture showed, for clicks and for tests
    this.frames = 0;
    this.fullest = 0;
    this.unseen = 0; // packets that were inside before the picture began: counted, not drawn
    this.isAllSeen = false;
    this.hasLost = false;
    this.crowd = 0;
  }

  // A new size, theme or mark: the ground is painted once, the sheet above at every frame.
  fit(layout, ink, ground, moving) {
    this.layout = layout;
    this.ink = ink;
    ({ pen: this.pen } = fitCanvas(moving, layout.width, layout.height));
    const below = fitCanvas(ground, layout.width, layout.height);
    this.stampOf = makeStamps(ink, below.scale);
    this.paintCount = makeCounts(layout, ink, below.scale);
    paintGround(below.pen, this.network, layout, ink, this.marks);
    this.forgetPaths();
  }

  forgetPaths() {
    for (const packet of this.log.packets.values()) for (const leg of packet.legs) leg.path = null;
  }

  sizes() {
    const { layout } = this;
    const fit = (layout.radius * 0.9) / Math.sqrt(Math.max(8, this.crowd));
    const inside = [3.4, 2.8, 2.2, 1.8].find((r) => r * layout.type <= fit) ?? 1.4;
    const many = this.log.packets.size > 350;
    const big = layout.isNarrow ? 3.4 : many ? 3.6 : 4.4;
    return { inside: inside * layout.type, big: big * layout.type,
      room: Math.max(1, layout.radius - inside * layout.type - 2) };
  }

  cellOf(mix) {
    return cellOf(this.network, this.layout, mix);
  }

  held(shown, cell) {
    return this.log.held(shown, this.layout.nodes[cell].layer)?.[cell] ?? 0;
  }

  chance(shown, cell) {
    const belief = this.log.belief(shown, this.layout.nodes[cell].layer);
    return belief ? belief[cell] : null;
  }

  // The level's full mark: the next round number above what was ever held, written in the key.
  fullAt() {
    const steps = [8, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 300, 400, 500, 600];
    for (let factor = 1; ; factor *= 100) {
      const found = steps.find((step) => step * factor >= this.fullest);
      if (found) return found * factor;
    }
  }

  // Packets in a mix (by circle) and on links (with their place) at the shown clock.
  sort(shown, room) {
    const inside = this.layout.nodes.map(() => []);
    const onLinks = [];
    for (const packet of this.log.packets.values()) {
      const place = this.log.place(packet, shown);
      if (!place) continue;
      if (place.mix !== undefined) {
        inside[this.cellOf(place.mix)].push({ packet, mix: place.mix, since: place.since });
      } else if (place.leg.target === NOWHERE) onLinks.push({ packet, ...place, isLost: true });
      else {
        place.leg.path ??= route(this.network, this.layout, place.leg, packet.number, room);
        onLinks.push({ packet, ...place, at: along(place.leg.path, place.share) });
      }
    }
    return { inside, onLinks };
  }

  paint(shown, asObserver) {
    const { pen, layout } = this;
    let { inside: small, big, room } = this.sizes();
    let sorted = this.sort(shown, room);
    // A greater crowd needs smaller dots; then every path ends elsewhere.
    const most = Math.max(0, ...sorted.inside.map((held) => held.length));
    if (most > this.crowd) {
      this.crowd = Math.max(most, Math.ceil(this.crowd * 1.3));
      this.forgetPaths();
      ({ inside: small, big, room } = this.sizes());
      sorted = this.sort(shown, room);
    }
    this.countUnseen(shown, sorted.inside);
    pen.clearRect(0, 0, layout.width, layout.height);
    this.painted = [];
    this.mine = null;
    layout.nodes.forEach((node, cell) => {
      this.paintNode(node, cell, sorted.inside[cell], { shown, asObserver, small, room });
    });
    for (const one of sorted.onLinks) this.paintTraveller(one, asObserver, big);
    if (this.mine) {
      const { packet, at, ...rest } = this.mine;
      paintYours(pen, this.ink, packet.kind, at[0], at[1], big);
      this.note(packet, at, { ...rest, isYours: true });
    }
    if (layout.isOpen) layout.nodes.forEach((_, cell) => this.paintLabel(cell, shown, asObserver));
    this.frames += 1;
  }

  // Counts are a moment behind the picture, so the first zero is believed and kept.
  countUnseen(shown, inside) {
    const held = inside.map((_, cell) => this.held(shown, cell));
    if (this.isAllSeen || this.info.one_in > 1 || !held.some(Boolean)) {
      this.unseen = 0;
      return;
    }
    this.unseen = inside.reduce((sum, packets, cell) => sum
      + Math.max(0, held[cell] - packets.length), 0);
    this.isAllSeen = this.unseen === 0;
  }

  note(packet, [x, y], more) {
    this.painted.push({ packet: packet.number, kind: packet.kind, x, y, ...more });
  }

  isMine(packet, asObserver) {
    return packet.number === this.info.followed && !asObserver;
  }

  paintNode(node, cell, packets, { shown, asObserver, small, room }) {
    const { pen, layout, ink } = this;
    const held = this.held(shown, cell);
    const chance = this.chance(shown, cell);
    if (chance !== null) paintBelief(pen, layout, ink, node, chance);
    const isClosed = asObserver && !this.marks.corrupt.has(cell);
    const isTiny = layout.radius < 12;
    const isSampled = this.info.one_in > 1;
    if (isTiny || isSampled) paintLevel(pen, layout, ink, node, held / this.fullAt());
    for (const { packet, mix } of packets) {
      const at = seatIn(this.network, layout, mix, packet.number, room);
      if (this.isMine(packet, asObserver)) this.mine = { packet, at, mix };
      else if (!isClosed && !isTiny) {
        paintStamp(pen, this.stampOf(asObserver ? -1 : packet.kind, small), ...at);
        this.note(packet, at, { mix });
      }
    }
    const hasRoom = layout.radius >= 13 && !this.marks.down.has(cell);
    if (hasRoom && (isClosed || (isSampled && !layout.isOpen))) {
      paintInside(pen, layout, ink, node, `${held}`);
    }
  }

  paintTraveller({ packet, leg, share, at, isLost }, asObserver, big) {
    const { pen, layout, ink } = this;
    const where = { from: leg.source, to: homeOf(leg.target) ?? leg.target, share };
    if (isLost) {
      this.hasLost = true;
      if (leg.source < 0) return;
      const node = layout.nodes[this.cellOf(leg.source)];
      const corner = [node.x + layout.radius, node.y - layout.radius];
      paintLost(pen, ink, ...corner, big, share);
      this.note(packet, corner, { ...where, isLost });
    } else if (this.isMine(packet, asObserver)) this.mine = { packet, at, ...where };
    else if (!asObserver || !this.isInsideClosed(leg, at)) {
      paintStamp(pen, this.stampOf(asObserver ? -1 : packet.kind, big), ...at);
      this.note(packet, at, where);
    }
  }

  // A closed mix hides the ends of a path: they would tell who became whom.
  isInsideClosed(leg, at) {
    return [leg.source, homeOf(leg.target) ?? leg.target].some((mix) => {
      if (mix < 0 || this.marks.corrupt.has(this.cellOf(mix))) return false;
      const node = this.layout.nodes[this.cellOf(mix)];
      return Math.hypot(at[0] - node.x, at[1] - node.y) < this.layout.radius;
    });
  }

  paintLabel(cell, shown, asObserver) {
    const chance = this.chance(shown, cell);
    const isDown = this.marks.down.has(cell);
    const isClosed = asObserver && !this.marks.corrupt.has(cell);
    const held = this.held(shown, cell);
    let text = this.layout.isNarrow ? `${held}` : `${held} held`;
    if (isDown) text = "down";
    else if (isClosed) text = "";
    // Side by side in a narrow picture there is no room for what is hardly believed.
    const isTold = chance !== null && (chance >= 0.01 || !this.layout.isNarrow);
    const words = [text, isTold ? percent(chance) : ""].filter(Boolean).join(", ");
    if (words) this.paintCount(this.pen, this.layout.nodes[cell], words);
  }
}
