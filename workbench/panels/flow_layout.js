// Where everything stands: pure functions from a network and a size to places in pixels.
// Joined behind live_view.js, in front of flow_paint.js.

// The widest layers are laid out as blocks of small circles, so that a layer of eighty mixes
// is still one glance wide and each mix can be pointed at.
function layOut(network, width, type) {
  const cells = Math.ceil(network.width / network.mixes_per_cell);
  const isNarrow = width < 520 * type;
  const edge = (isNarrow ? 7 : 12) * type;
  const hasGateways = network.gateways > 0 && !(isNarrow && network.layers > 3);
  const gate = hasGateways ? (isNarrow ? 22 : 64) * type : 0;
  const least = (isNarrow ? 56 : 74) * type;
  const room = Math.max(width - 2 * edge - 2 * gate, least * (network.layers + 0.4));
  const sheetWidth = room + 2 * edge + 2 * gate;
  const pitch = room / (network.layers + (isNarrow ? 0.25 : 0.45));
  const top = 30 * type;
  const best = bestBlock(cells, pitch, network, type, isNarrow);
  const height = top + best.height + 10 * type;
  const columns = [];
  const first = edge + gate + (room - pitch * (network.layers - 1)) / 2;
  for (let layer = 0; layer < network.layers; layer += 1) {
    columns.push({ x: first + layer * pitch, layer });
  }
  const nodes = [];
  for (const { x, layer } of columns) {
    for (let cell = 0; cell < cells; cell += 1) {
      const row = Math.floor(cell / best.across);
      const inRow = cell % best.across;
      const rowLength = Math.min(best.across, cells - row * best.across);
      nodes.push({
        layer, cell,
        x: x + (inRow - (rowLength - 1) / 2) * best.stepX,
        y: top + best.stepY * (row + 0.5) - (best.isOpen ? best.label / 2 : 0),
      });
    }
  }
  const middle = { top: top + 4 * type, bottom: height - 18 * type };
  return {
    cells, nodes, columns, isNarrow, top, type,
    width: sheetWidth, height, radius: best.radius, isOpen: best.isOpen, label: best.label,
    users: spread(network.clients, middle, (isNarrow ? 12 : 9) * type),
    gateways: hasGateways ? spread(network.gateways, middle, 0) : null,
    senderX: edge, receiverX: sheetWidth - edge,
    entryX: edge + gate * 0.92, exitX: sheetWidth - edge - gate * 0.92,
    middle,
  };
}

function bestBlock(cells, pitch, network, type, isNarrow) {
  const label = (isNarrow ? 19 : 21) * type;
  if (cells <= 7) {
    const most = Math.min(30 * type, pitch * (isNarrow ? 0.33 : 0.29));
    const height = Math.max(330 * type, cells * (2 * 17 * type + label + 12));
    const stepY = Math.min(height / cells, 2 * most + label + 90 * type);
    const radius = Math.min(most, (stepY - label - 12 * type) / 2);
    return { across: 1, stepX: 0, stepY: height / cells, height, radius, label, isOpen: true };
  }
  const height = (cells > 40 ? 430 : 380) * type;
  let best = null;
  for (let across = 1; across <= cells; across += 1) {
    const stepY = height / Math.ceil(cells / across);
    const stepX = across === 1 ? pitch : (pitch * 0.78) / across;
    const radius = Math.min(stepY * 0.42, stepX * 0.42, 22 * type);
    if (!best || radius > best.radius + 0.01) {
      const tight = across === 1 ? 0 : Math.min(stepX, radius * 2.6);
      best = { across, stepX: tight, stepY, radius, height, label: 0, isOpen: false };
    }
  }
  return best;
}

// Dots for people: everyone where there is room, else one dot stands for several.
function spread(count, { top, bottom }, least) {
  const dots = Math.max(1, Math.min(count, least ? Math.floor((bottom - top) / least) : count));
  const per = Math.ceil(count / dots);
  const used = Math.ceil(count / per);
  const places = [];
  for (let i = 0; i < used; i += 1) places.push(top + ((i + 0.5) / used) * (bottom - top));
  return { per, places };
}

// The nodes of the event log: mix = layer * width + index, client = -1 - client.
const NOWHERE = -(2 ** 31);

// HOME - mix on the wire: the end of a mix loop, at the mix that sent it.
const HOME = -(2 ** 30);

function homeOf(node) {
  return node <= HOME && node > NOWHERE ? HOME - node : null;
}

function cellOf(network, layout, mix) {
  const layer = Math.floor(mix / network.width);
  return layer * layout.cells + Math.floor((mix % network.width) / network.mixes_per_cell);
}

function userY(layout, client) {
  const { per, places } = layout.users;
  return places[Math.min(places.length - 1, Math.floor(client / per))];
}

function gatewayY(layout, client) {
  return layout.gateways.places[client % layout.gateways.places.length];
}

// A place inside a mix that belongs to this packet alone and never changes: two numbers from
// the packet's number by the golden ratio's relatives (Roberts 2018, R2 sequence).
function seat(packet, room) {
  const u = (packet * 0.7548776662466927) % 1;
  const v = (packet * 0.5698402909980532) % 1;
  const reach = room * Math.sqrt(u);
  return [reach * Math.cos(2 * Math.PI * v), reach * Math.sin(2 * Math.PI * v)];
}

// The line on which a packet travels: from where it sat to where it will sit, by way of its
// user's gateway where one end is a user.
function route(network, layout, leg, packet, room) {
  const points = [];
  if (leg.source < 0) {
    const client = -1 - leg.source;
    points.push([layout.senderX, userY(layout, client)]);
    if (layout.gateways) points.push([layout.entryX, gatewayY(layout, client)]);
  } else {
    points.push(seatIn(network, layout, leg.source, packet, room));
  }
  const end = homeOf(leg.target) ?? leg.target;
  if (end >= 0) {
    points.push(seatIn(network, layout, end, packet, room));
  } else if (leg.target !== NOWHERE) {
    const client = -1 - leg.target;
    if (layout.gateways) points.push([layout.exitX, gatewayY(layout, client)]);
    points.push([layout.receiverX, userY(layout, client)]);
  }
  return points;
}

function seatIn(network, layout, mix, packet, room) {
  const node = layout.nodes[cellOf(network, layout, mix)];
  const [dx, dy] = seat(packet, room);
  return [node.x + dx, node.y + dy];
}

function along(points, share) {
  if (points.length === 2) {
    const [[ax, ay], [bx, by]] = points;
    return [ax + (bx - ax) * share, ay + (by - ay) * share];
  }
  const lengths = [];
  let total = 0;
  for (let i = 1; i < points.length; i += 1) {
    lengths.push(Math.hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]));
    total += lengths[i - 1];
  }
  let rest = share * total;
  for (let i = 0; i < lengths.length; i += 1) {
    if (rest <= lengths[i] || i === lengths.length - 1) {
      const part = lengths[i] ? Math.min(1, rest / lengths[i]) : 1;
      const [ax, ay] = points[i];
      const [bx, by] = points[i + 1];
      return [ax + (bx - ax) * part, ay + (by - ay) * part];
    }
    rest -= lengths[i];
  }
  return points[points.length - 1];
}
