# mypy: disallow-untyped-defs=false, disallow-untyped-calls=false, ignore-errors=true
"""The loops: numba only, arrays in, arrays out; no classes, no I/O, no hidden state.

All kernels live in this one file because numba's cache does not notice a change in another
module. The generator's state is an argument too (``state.rng``).

How mass moves. Each mix m has a row of ``state.mass``. In a mix that mixes uniformly the row is
the *mean mass of a held packet*, a = M / n: a leaving packet takes a and leaves a behind for
the others, so leaving changes nothing but n; an arriving packet with mass q makes it
a + (q - a) / (n + 1). Packets that end are therefore only counted, and the logarithm is
taken once for all that ended since the row last changed.
"""

import math

import numpy as np
from numba import njit

# -- names of the scalars in state.ints -----------------------------------------------------
HEAP_N, SLOTS_FREE, ROWS_FREE, ROWS_HIGH, LIVE, SENDERS, NEXT_PACKET, REAL_COUNT = range(8)
NEXT_TARGET, LOG_N, SINCE_CHECK, CURSOR, LAYERS, WIDTH, STRIDE, TOPOLOGY = range(8, 16)
RULE, DRAW, SIZE, KEEP, QUEUE, IS_LOGGED, BY_RECEIVER, MIXES = range(16, 24)
LATENCY_N, SAMPLE_N, SAMPLE_STRIDE, LIVE_SUM, CHECK_EVERY, EVENTS, CLIENTS, TARGETS = range(24, 32)
INT_SCALARS = 32
# -- columns of state.mix_ints, mix_reals, row_ints, row_reals, packets ------------------------
M_MODE, M_DOWN, M_HELD, M_HAS_MASS, M_PENDING, M_HEAD, M_ARRIVALS, M_DROPS = range(8)
M_FREE_AT, M_ABSORBED, M_BIRTHS, M_AREA, M_AREA_SINCE, M_SERVICE_S, M_LOSS = range(7)
ROW_REFS, ROW_NEXT = 0, 1
ROW_TIME, ROW_STILL = 0, 1
P_NUMBER, P_KIND, P_SENDER, P_RECEIVER, P_TARGET, P_HOP, P_ROW, P_NEXT = range(8)
# -- rows of state.counts ----------------------------------------------------------------------
C_SENT, C_DONE, C_CROSSINGS, C_DROPPED = 0, 1, 2, 3

# -- names of the scalars in state.reals ----------------------------------------------------
NOW, LINK_S, LINK_LOSS, MIX_LOSS, SERVICE_S, DELAY_S, SPREAD, SHAPE = range(8)
INTERVAL_S, FRACTION, COIN_MEAN, COIN_SD, RETIRE_BELOW, HAZARD_MAX, LOOP_RATE, LATENCY_SUM = range(
    8, 16
)
LATENCY_SQUARES, LATENCY_BIN_S, MEASURE_FROM, MEASURE_TO, CLOCK, OLDEST_BIRTH = range(16, 22)
REAL_SCALARS = 24

STRATIFIED, CASCADE, FREE_ROUTE = 0, 1, 2
BY_DELAY, BY_THRESHOLD, BY_TIME, BY_COTTRELL, BY_COIN = 0, 1, 2, 3, 4
DRAW_NONE, DRAW_EXPONENTIAL, DRAW_FIXED, DRAW_UNIFORM, DRAW_GAMMA = 0, 1, 2, 3, 4
# How a mix's posterior is kept: exactly uniform; not mixed at all (corrupted, none, fixed);
# uniform with births, deaths or losses unseen; by age.
UNIFORM, BYPASS, BLURRED, WEIGHTED = 0, 1, 2, 3
# What the kernel says when it comes back.
FINISHED, NEED_SLOTS, NEED_ROWS, NEED_COLUMNS, NEED_LOG = 0, 1, 2, 3, 4
# Streams of random numbers: traffic streams first (real, loop, drop, mix loop, main).
# (As arrays' numbers: a plain one would be a type of its own, and compile its callee again.)
T_REAL, T_LOOP, T_DROP, T_MIX, T_MAIN, T_BURST = np.arange(6)
R_ROUTE, R_DELAY, R_LOSS, R_BATCH, R_HOP = np.array([6, 11, 16, 17, 18])
STREAMS = 19
EV_LEAVE, EV_ARRIVE, EV_ADMIT, EV_RELEASE = 0, 1, 2, 3
NOTHING, CROSS, ARRIVE, ADMIT, LEAVE, EXIT, DROP = 0, 1, 2, 3, 4, 5, 6
LOST_ON_LINK, LOST_AT_DOWN, LOST_IN_QUEUE, LOST_INSIDE = 0, 1, 2, 3
NOWHERE = np.int64(-(2**31))
TINY = 1e-200  # below this a mass is set to zero: denormal numbers are slow
S_PLOGP, S_DONE, S_LOST, S_ABSORBED, S_LEFT, S_MAX, S_SQUARES = np.arange(7)

# No kernel makes an array, so none counts references (_nrt): a fifth less to compile and to run.
_jit = njit(cache=True, nogil=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True)
# Only called from kernels: no wrapper for Python, which would take most of the compile time.
_inner = njit(
    nogil=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True
)


# -- random numbers: xoshiro256++ (Blackman and Vigna 2019) -----------------------------------


@_inner
def _bits(rng, k):
    s0, s1, s2, s3 = rng[k, 0], rng[k, 1], rng[k, 2], rng[k, 3]
    x = s0 + s3
    result = ((x << np.uint64(23)) | (x >> np.uint64(41))) + s0
    t = s1 << np.uint64(17)
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = (s3 << np.uint64(45)) | (s3 >> np.uint64(19))
    rng[k, 0], rng[k, 1], rng[k, 2], rng[k, 3] = s0, s1, s2, s3
    return result


@_inner
def _uniform(rng, k):
    """In [0, 1)."""
    return float(np.int64(_bits(rng, k) >> np.uint64(11))) * (1.0 / 9007199254740992.0)


@_inner
def _exponential(rng, k):
    """Mean 1; never 0 or infinite."""
    return -math.log((float(np.int64(_bits(rng, k) >> np.uint64(11))) + 0.5) / 9007199254740992.0)


@_inner
def _below(rng, k, n):
    """A whole number in [0, n); the bias of at most n / 2^32 is beyond any test."""
    return np.int64(((_bits(rng, k) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@_inner
def _normal(rng, k):
    while True:
        u = 2.0 * _uniform(rng, k) - 1.0
        v = 2.0 * _uniform(rng, k) - 1.0
        r = u * u + v * v
        if 0.0 < r < 1.0:
            return u * math.sqrt(-2.0 * math.log(r) / r)


@_inner
def _gamma(rng, k, shape):
    """Gamma of mean ``shape`` (Marsaglia and Tsang 2000)."""
    boost = 1.0
    a = shape
    if a < 1.0:
        boost = (1.0 - _uniform(rng, k)) ** (1.0 / a)
        a += 1.0
    d = a - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = _normal(rng, k)
        v = 1.0 + c * x
        if v <= 0.0:
            continue
        v = v * v * v
        u = 1.0 - _uniform(rng, k)
        if math.log(u) < 0.5 * x * x + d - d * v + d * math.log(v):
            return boost * d * v


@_inner
def _unit_delay(rng, k, draw, spread, shape):
    """One delay of mean 1, as the sender draws it."""
    if draw == DRAW_EXPONENTIAL:
        return _exponential(rng, k)
    if draw == DRAW_FIXED:
        return 1.0
    if draw == DRAW_UNIFORM:
        return 1.0 + spread * (2.0 * _uniform(rng, k) - 1.0)
    if draw == DRAW_GAMMA:
        return _gamma(rng, k, shape) / shape
    return 0.0


# -- the event queue: a heap of four children -------------------------------------------------


@_jit
def _heap_up(times, codes, i, time, code):
    while i > 0:
        parent = (i - 1) >> 2
        if times[parent] <= time:
            break
        times[i] = times[parent]
        codes[i] = codes[parent]
        i = parent
    times[i] = time
    codes[i] = code


@_inner
def _heap_down(times, codes, n, time, code):
    """Put (time, code) at the top of a heap of n whose top is a hole."""
    i = 0
    while True:
        child = 4 * i + 1
        if child >= n:
            break
        best = child
        best_time = times[child]
        last = min(child + 4, n)
        for c in range(child + 1, last):
            if times[c] < best_time:
                best = c
                best_time = times[c]
        if best_time >= time:
            break
        times[i] = best_time
        codes[i] = codes[best]
        i = best
    times[i] = time
    codes[i] = code


# -- probability mass -----------------------------------------------------------------


@_inner
def _put(mass, m, src, n, width, is_fresh):
    """Row m becomes the mean over n held packets and one more with mass row ``src``."""
    share = 1.0 / (n + 1.0)
    if is_fresh:
        for j in range(width):
            mass[m, j] = mass[src, j] * share
    else:
        for j in range(width):
            value = mass[m, j] + (mass[src, j] - mass[m, j]) * share
            mass[m, j] = value if value > TINY else 0.0


@_inner
def _dilute(mass, m, n, width):
    """As _put, for a packet that carries no mass at all."""
    share = n / (n + 1.0)
    for j in range(width):
        value = mass[m, j] * share
        mass[m, j] = value if value > TINY else 0.0


@_inner
def _end(mass, row, count, first, live, sums):
    """``count`` packets with the mass of ``row`` have left the network, seen by the observer."""
    for j in range(live):
        p = mass[row, first + j]
        if p > 0.0:
            amount = count * p
            sums[j, S_PLOGP] += amount * math.log(p)
            sums[j, S_DONE] += amount
            sums[j, S_SQUARES] += amount * p
            if p > sums[j, S_MAX]:
                sums[j, S_MAX] = p


@_inner
def _add_sums(mass, row, factor, first, live, sums, which):
    for j in range(live):
        sums[j, which] += factor * mass[row, first + j]


@_inner
def _take_row(ints, row_ints, row_reals, row_free):
    ints[ROWS_FREE] -= 1
    row = row_free[ints[ROWS_FREE]]
    row_ints[row, ROW_REFS] = 1
    row_reals[row, ROW_STILL] = -1.0
    if row >= ints[ROWS_HIGH]:
        ints[ROWS_HIGH] = row + 1
    return row


@_inner
def _copied(ints, mass, row_ints, row_reals, row_free, src, width):
    """A row of a packet's own, with the mass of row ``src``."""
    row = _take_row(ints, row_ints, row_reals, row_free)
    for j in range(width):
        mass[row, j] = mass[src, j]
    return row


@_inner
def _entering(ints, mass, row_ints, row_reals, row_free, sender, column):
    """The row of a packet that enters: all of it its sender's and, as target, its own."""
    row = _take_row(ints, row_ints, row_reals, row_free)
    for j in range(ints[SENDERS] + ints[LIVE]):
        mass[row, j] = 0.0
    if ints[SENDERS] > 0:
        mass[row, sender] = 1.0
    if column >= 0:
        mass[row, column] = 1.0
    return row


@_inner
def _take_blurred(mass, mix, pool, m, held, width, scratch):
    """Mass of whatever leaves a mix whose loops hide how many it holds, into the scratch row."""
    if width == 0 or not mix[m, M_HAS_MASS]:
        return np.int64(-1)
    share = min(1.0, 1.0 / (held + pool[m, M_BIRTHS]))
    for j in range(width):
        mass[scratch, j] = mass[m, j] * share
        mass[m, j] -= mass[scratch, j]
    return scratch


@_inner
def _drop_row(ints, row_ints, row_free, row):
    row_ints[row, ROW_REFS] -= 1
    if row_ints[row, ROW_REFS] == 0:
        row_free[ints[ROWS_FREE]] = row
        ints[ROWS_FREE] += 1


@_inner
def _hazard(hazard, age, top):
    """The rate of leaving at an age (in mean delays), from a table over [0, top)."""
    x = age / top * len(hazard)
    i = np.int64(x)
    if i < 0:
        i = 0
    return hazard[min(i, len(hazard) - 1)]


@_inner
def _take_weighted(state, m, time, width, has_width):
    """Mass of a packet that leaves a mix whose delays are not memoryless, into the scratch row.

    Each held position i leaves now with w_i = q_i min(1, c h_i): q_i the chance that it is
    still here, h_i its hazard at its age, c such that the sum is 1. An approximation: the true
    posterior is a ratio of permanents.
    """
    ints, reals = state.ints, state.reals
    mass, mix = state.mass, state.mix_ints
    row_ints, row_reals = state.row_ints, state.row_reals
    scratch = ints[MIXES]
    top = reals[HAZARD_MAX]
    delay = reals[DELAY_S]
    loops = reals[LOOP_RATE] * delay
    if has_width:
        for j in range(width):
            mass[scratch, j] = 0.0
    clipped = 0.0
    c = -1.0
    for _ in range(30):
        total = loops
        full = 0.0
        i = mix[m, M_HEAD]
        while i >= 0:
            h = _hazard(state.hazard, (time - row_reals[i, ROW_TIME]) / delay, top) + 1e-12
            if c > 0.0 and c * h >= 1.0:
                full += row_reals[i, ROW_STILL]
            else:
                total += row_reals[i, ROW_STILL] * h
            i = row_ints[i, ROW_NEXT]
        if c > 0.0 and full <= clipped + 1e-15:
            break
        clipped = full
        if full >= 1.0 or total <= 0.0:
            break
        c = max(c, (1.0 - full) / total)
    before = np.int64(-1)
    i = mix[m, M_HEAD]
    while i >= 0:
        h = _hazard(state.hazard, (time - row_reals[i, ROW_TIME]) / delay, top) + 1e-12
        w = row_reals[i, ROW_STILL] * min(1.0, c * h)
        row_reals[i, ROW_STILL] -= w
        if has_width and w > 0.0:
            for j in range(width):
                mass[scratch, j] += w * mass[i, j]
        after = row_ints[i, ROW_NEXT]
        if row_reals[i, ROW_STILL] < 1e-13:
            first = ints[SENDERS]
            _add_sums(mass, i, row_reals[i, ROW_STILL], first, ints[LIVE], state.live_sums, S_LEFT)
            if before < 0:
                mix[m, M_HEAD] = after
            else:
                row_ints[before, ROW_NEXT] = after
            row_reals[i, ROW_STILL] = -1.0
            _drop_row(ints, row_ints, state.row_free, i)
        else:
            before = i
        i = after


@_inner
def _settle(state):
    """Count what has ended at every mix since its row last changed."""
    ints, mix, mass, sums = state.ints, state.mix_ints, state.mass, state.live_sums
    for m in range(ints[MIXES]):
        if mix[m, M_PENDING] > 0:
            if mix[m, M_HAS_MASS]:
                count = float(mix[m, M_PENDING])
                _end(mass, m, count, ints[SENDERS], ints[LIVE], sums)
            mix[m, M_PENDING] = 0


@_inner
def _in_flight(state, column):
    """Mass of a live target that is inside the network, added up where it is."""
    ints, mass, mix = state.ints, state.mass, state.mix_ints
    row_ints, row_reals = state.row_ints, state.row_reals
    total = 0.0
    for m in range(ints[MIXES]):
        if mix[m, M_HAS_MASS]:
            if mix[m, M_MODE] == UNIFORM:
                total += mix[m, M_HELD] * mass[m, column]
            elif mix[m, M_MODE] == BLURRED:
                total += mass[m, column]
    for row in range(ints[MIXES] + 1, ints[ROWS_HIGH]):
        if row_ints[row, ROW_REFS] > 0:
            if row_reals[row, ROW_STILL] >= 0.0:
                total += row_reals[row, ROW_STILL] * mass[row, column]
            else:
                total += row_ints[row, ROW_REFS] * mass[row, column]
    return total


@_inner
def _entropy(values):
    """Shannon entropy in bits and largest share of non-negative values, made to add up to 1."""
    total = 0.0
    for i in range(len(values)):
        total += values[i]
    if total <= 0.0:
        return math.nan, math.nan
    entropy = 0.0
    largest = 0.0
    for i in range(len(values)):
        p = values[i] / total
        if p > 0.0:
            entropy -= p * math.log2(p)
            largest = max(largest, p)
    return max(entropy, 0.0), largest


@_inner
def _retire(state, live_index):
    """Write a target's outcome and give its column to the last live one."""
    ints, mass, sums = state.ints, state.mass, state.live_sums
    first = ints[SENDERS]
    column = first + live_index
    target = state.live_target[live_index]
    out = state.results[target]
    done = sums[live_index, S_DONE]
    out[1] = done
    out[2] = _in_flight(state, column) + sums[live_index, S_LEFT]
    out[3] = sums[live_index, S_LOST]
    out[4] = sums[live_index, S_ABSORBED]
    if done > 0.0:
        out[0] = max((math.log(done) - sums[live_index, S_PLOGP] / done) / math.log(2.0), 0.0)
        out[5] = sums[live_index, S_MAX] / done
        out[6] = sums[live_index, S_SQUARES] / (done * done)
    else:
        out[0] = math.nan
        out[5] = math.nan
        out[6] = math.nan
    out[8] = state.reals[NOW]
    if ints[BY_RECEIVER]:
        out[9], out[10] = _entropy(state.by_receiver[:, column])
    last = ints[LIVE] - 1
    end = first + last
    if column != end:
        for row in range(ints[ROWS_HIGH]):
            mass[row, column] = mass[row, end]
        for k in range(sums.shape[1]):
            sums[live_index, k] = sums[last, k]
        state.live_target[live_index] = state.live_target[last]
        if ints[BY_RECEIVER]:
            for client in range(state.by_receiver.shape[0]):
                state.by_receiver[client, column] = state.by_receiver[client, end]
    ints[LIVE] = last
    if last == 0 and first == 0:
        for m in range(ints[MIXES]):
            state.mix_ints[m, M_HAS_MASS] = 0


@_jit
def retire_below(state, threshold):
    """Retire the live targets with less than ``threshold`` of their mass in flight.

    Those born before ``reals[OLDEST_BIRTH]`` too: what is left of them counts as left over.
    """
    _settle(state)
    sums = state.live_sums
    oldest = state.reals[OLDEST_BIRTH]
    for j in range(state.ints[LIVE] - 1, -1, -1):
        known = sums[j, S_DONE] + sums[j, S_LOST] + sums[j, S_ABSORBED] + sums[j, S_LEFT]
        born = state.results[state.live_target[j], 7]
        if 1.0 - known < threshold or born < oldest:
            _retire(state, j)


@_inner
def _bear(state, number, time):
    """A new live target: a column of zeros in every row."""
    ints = state.ints
    live = ints[LIVE]
    column = ints[SENDERS] + live
    for row in range(ints[ROWS_HIGH]):
        state.mass[row, column] = 0.0
    for k in range(state.live_sums.shape[1]):
        state.live_sums[live, k] = 0.0
    if ints[BY_RECEIVER]:
        for client in range(state.by_receiver.shape[0]):
            state.by_receiver[client, column] = 0.0
    target = ints[NEXT_TARGET]
    state.live_target[live] = target
    state.results[target, 7] = time
    state.results[target, 14] = float(number)
    state.results[target, 15] = 1.0
    ints[LIVE] = live + 1
    ints[NEXT_TARGET] = target + 1
    return column


# -- routes ------------------------------------------------------------------------------------


@_inner
def _draw_route(rng, k, ints, route, kind, sender):
    """The mixes of a new packet, as the sender chooses them."""
    layers, width, stride = ints[LAYERS], ints[WIDTH], ints[STRIDE]
    topology = ints[TOPOLOGY]
    if kind == 3:
        layer, index = sender // stride, sender % stride
        for hop in range(layers):
            to = (layer + 1 + hop) % layers
            if topology == STRATIFIED:
                route[hop] = to * stride + _below(rng, k, width)
            else:
                route[hop] = to * stride + index
    elif topology == STRATIFIED:
        for hop in range(layers):
            route[hop] = hop * stride + _below(rng, k, width)
    elif topology == CASCADE:
        index = _below(rng, k, width)
        for hop in range(layers):
            route[hop] = hop * stride + index
    if topology == FREE_ROUTE:
        for hop in range(layers):
            while True:
                pick = _below(rng, k, layers * width)
                node = (pick // width) * stride + pick % width
                is_new = kind != 3 or node != sender
                for earlier in range(hop):
                    if route[earlier] == node:
                        is_new = False
                if is_new or (kind == 3 and hop == layers - 1):
                    break
            route[hop] = node
    if kind == 3:
        route[layers - 1] = sender


@_inner
def _log(ints, log_ints, log_reals, packets, slot, source, target, leave, arrive, wait):
    row = ints[LOG_N]
    log_ints[row, 0] = packets[slot, P_NUMBER]
    log_ints[row, 1] = packets[slot, P_KIND]
    log_ints[row, 2] = source
    log_ints[row, 3] = target
    log_reals[row, 0] = leave
    log_reals[row, 1] = arrive
    log_reals[row, 2] = wait
    ints[LOG_N] = row + 1


@_inner
def _note_latency(ints, reals, bins, sample, sent, time):
    """Exact sums, a histogram, and every k-th value, k doubling when the sample is full."""
    if sent < reals[MEASURE_FROM] or sent >= reals[MEASURE_TO]:
        return
    latency = time - sent
    count = ints[LATENCY_N]
    ints[LATENCY_N] = count + 1
    reals[LATENCY_SUM] += latency
    reals[LATENCY_SQUARES] += latency * latency
    at = latency / reals[LATENCY_BIN_S]
    bins[np.int64(at) if at < len(bins) - 1 else len(bins) - 1] += 1
    if count % ints[SAMPLE_STRIDE] == 0:
        if ints[SAMPLE_N] == len(sample):
            half = len(sample) // 2
            for i in range(half):
                sample[i] = sample[2 * i]
            ints[SAMPLE_N] = half
            ints[SAMPLE_STRIDE] *= 2
        if count % ints[SAMPLE_STRIDE] == 0:
            sample[ints[SAMPLE_N]] = latency
            ints[SAMPLE_N] += 1


@_inner
def _count_leavers(ints, reals, rng, n):
    """How many of n held packets a batch mix lets go now."""
    rule = ints[RULE]
    if rule == BY_THRESHOLD:
        return min(ints[SIZE], n)
    if rule == BY_TIME:
        return max(n - ints[KEEP], 0)
    if n == 0:
        return 0
    if rule == BY_COTTRELL:
        share = min(1.0 - ints[KEEP] / n, reals[FRACTION])
        return max(np.int64(share * n + 1e-9), 0)
    chance = 0.5 * math.erfc((reals[COIN_MEAN] - n) / (reals[COIN_SD] * math.sqrt(2.0)))
    leavers = 0
    for _ in range(n):
        if _uniform(rng, R_BATCH) < chance:
            leavers += 1
    return leavers


# -- traffic -------------------------------------------------------------------------------------

# Scalars of the traffic's ``dials`` array; the first five are the rates of the streams.
D_ON_RATE, D_TOGGLE_ON, D_TOGGLE_OFF, D_DAY_S, D_DEPTH, D_PATTERN, D_WAITING, D_WAIT_AREA = range(
    5, 13
)
D_WAIT_SINCE, D_ACTIVE, D_CLIENTS, D_MIXES, D_HAS_MAIN = range(13, 18)
DIALS = 20
STEADY, BURSTY, DAILY = 0, 1, 2


@_inner
def _other_client(bits, client, clients):
    """Somebody else, by 32 random bits; oneself only where there is nobody else."""
    if clients < 2:
        return client
    pick = np.int64(((bits & np.uint64(0xFFFFFFFF)) * np.uint64(clients - 1)) >> np.uint64(32))
    return pick + 1 if pick >= client else pick


@_inner
def _burst_rate(dials):
    """Rate of all that the bursty stream does next: sends, starts and ends of bursts."""
    active = dials[D_ACTIVE]
    idle = dials[D_CLIENTS] - active
    return active * (dials[D_ON_RATE] + dials[D_TOGGLE_OFF]) + idle * dials[D_TOGGLE_ON]


@_jit
def start_traffic(dials, next_times, order, rng, now):
    """Draw who is in a burst, and the first time of each stream."""
    if dials[D_PATTERN] == BURSTY:
        clients = np.int64(dials[D_CLIENTS])
        share = 1.0
        if dials[D_TOGGLE_OFF] > 0.0:
            share = dials[D_TOGGLE_ON] / (dials[D_TOGGLE_ON] + dials[D_TOGGLE_OFF])
        active = 0
        for i in range(clients):
            if _uniform(rng, T_BURST) < share:
                order[i] = order[active]
                order[active] = i
                active += 1
            else:
                order[i] = i
        dials[D_ACTIVE] = active
    for k in range(5):
        rate = dials[k]
        if k == T_REAL and dials[D_PATTERN] == BURSTY and rate > 0.0:
            rate = _burst_rate(dials)
        next_times[k] = now + _exponential(rng, k) / rate if rate > 0.0 else math.inf


@_jit
def fill_arrivals(dials, next_times, order, queues, rng, until, times, senders, receivers, codes):
    """The packets that clients and mixes send next, up to ``until`` or a full chunk.

    Every client's streams are independent and Poisson; together they are one Poisson stream
    whose every packet belongs to a random client. Returns how many packets were written.
    """
    clients = np.int64(dials[D_CLIENTS])
    mixes = np.int64(dials[D_MIXES])
    pattern = dials[D_PATTERN]
    has_main = dials[D_HAS_MAIN] != 0.0
    count = 0
    room = len(times)
    while count < room:
        k = 0
        now = next_times[0]
        for other in range(1, 5):
            if next_times[other] < now:
                now = next_times[other]
                k = other
        if now > until or now == math.inf:
            break
        rate = dials[k]
        bits = _bits(rng, k)  # the upper half picks the client, the lower one its receiver
        client = np.int64(((bits >> np.uint64(32)) * np.uint64(clients)) >> np.uint64(32))
        if k == T_REAL and pattern == BURSTY:
            client = np.int64(-1)
            active = np.int64(dials[D_ACTIVE])
            pick = _uniform(rng, T_REAL) * _burst_rate(dials)
            sending = active * dials[D_ON_RATE]
            if pick < sending:
                client = np.int64(order[min(np.int64(pick / dials[D_ON_RATE]), active - 1)])
            else:
                # A burst ends (swap with the last active) or begins (swap with the first idle).
                ends = pick < sending + active * dials[D_TOGGLE_OFF] and active > 0
                if not ends and active == clients:
                    ends = True
                at = _below(rng, T_BURST, active if ends else clients - active)
                edge = active - 1 if ends else active
                if not ends:
                    at += active
                moved = order[at]
                order[at] = order[edge]
                order[edge] = moved
                dials[D_ACTIVE] = edge if ends else active + 1
            rate = _burst_rate(dials)
        elif k == T_REAL and pattern == DAILY:
            height = 1.0 - dials[D_DEPTH] * math.cos(2.0 * math.pi * now / dials[D_DAY_S])
            if _uniform(rng, T_BURST) * (1.0 + dials[D_DEPTH]) >= height:
                client = np.int64(-1)
        next_times[k] = now + _exponential(rng, k) / rate if rate > 0.0 else math.inf
        if k == T_MIX:
            sender = np.int64(((bits >> np.uint64(32)) * np.uint64(mixes)) >> np.uint64(32))
            times[count], senders[count], receivers[count] = now, sender, -1
            codes[count] = 3 + 16 * T_MIX
            count += 1
            continue
        if client < 0:
            continue
        if k == T_REAL and has_main:
            dials[D_WAIT_AREA] += dials[D_WAITING] * (now - dials[D_WAIT_SINCE])
            dials[D_WAIT_SINCE] = now
            dials[D_WAITING] += 1.0
            queues[client] += 1
            continue
        kind = k
        if k == T_MAIN:
            kind = T_DROP
            if queues[client] > 0:
                queues[client] -= 1
                dials[D_WAIT_AREA] += dials[D_WAITING] * (now - dials[D_WAIT_SINCE])
                dials[D_WAIT_SINCE] = now
                dials[D_WAITING] -= 1.0
                kind = T_REAL
        receiver = client if k == T_LOOP else _other_client(bits, client, clients)
        times[count], senders[count], receivers[count] = now, client, receiver
        codes[count] = kind + 16 * k
        count += 1
    return count


# -- the general engine ------------------------------------------------------------------------


@_jit
def advance(state, times, senders, receivers, codes, count, until):
    """Process every event up to ``until``: entering packets and what is already under way.

    Returns FINISHED, or a NEED_* code when an array is too short; then nothing is half done,
    and after growing the array the same call goes on (``ints[CURSOR]`` counts what entered).
    """
    ints, reals, rng, counts = state.ints, state.reals, state.rng, state.counts
    mix, pool = state.mix_ints, state.mix_reals
    mass, sums = state.mass, state.live_sums
    row_ints, row_reals, row_free = state.row_ints, state.row_reals, state.row_free
    packets, slot_sent, slot_free = state.packets, state.slot_sent, state.slot_free
    route, delays = state.route, state.delays
    heap_time, heap_code = state.heap_time, state.heap_code
    latency_bins, latency_sample = state.latency_bins, state.latency_sample
    log_ints, log_reals, link_table = state.log_ints, state.log_reals, state.link_table
    layers, stride, mixes = ints[LAYERS], ints[STRIDE], ints[MIXES]
    topology, rule, draw = ints[TOPOLOGY], ints[RULE], ints[DRAW]
    first = ints[SENDERS]
    is_logged = ints[IS_LOGGED] != 0
    link_s, link_loss, delay_s = reals[LINK_S], reals[LINK_LOSS], reals[DELAY_S]
    spread, shape = reals[SPREAD], reals[SHAPE]
    scratch_row = mixes
    columns = mass.shape[1]
    log_room = len(log_reals) - layers - 3
    targets = ints[TARGETS]
    status = FINISHED
    while True:
        cursor = ints[CURSOR]
        next_entry = times[cursor] if cursor < count else math.inf
        next_event = heap_time[0] if ints[HEAP_N] > 0 else math.inf
        is_entry = next_entry < next_event
        now = next_entry if is_entry else next_event
        if now > until or now == math.inf:
            break
        if ints[ROWS_FREE] < 4:
            status = NEED_ROWS
            break
        if is_logged and ints[LOG_N] > log_room:
            status = NEED_LOG
            break
        action = NOTHING
        flush = np.int64(-1)
        hole = False
        src = np.int64(-1)  # the row whose mass the packet carries, -1 for none
        is_own = False  # is that row the packet's own, to be given back?
        slot = np.int64(0)
        node = np.int64(0)
        cause = -1
        if is_entry:
            if ints[SLOTS_FREE] < 1:
                status = NEED_SLOTS
                break
            if first + ints[LIVE] >= columns:
                status = NEED_COLUMNS
                break
            reals[NOW] = now
            ints[CURSOR] = cursor + 1
            kind = np.int64(codes[cursor] & np.uint8(15))
            stream = np.int64(codes[cursor] >> np.uint8(4))
            sender = np.int64(senders[cursor])
            ints[SLOTS_FREE] -= 1
            slot = slot_free[ints[SLOTS_FREE]]
            _draw_route(rng, R_ROUTE + stream, ints, route[slot], kind, sender)
            if rule == BY_DELAY:
                for hop in range(layers):
                    unit = _unit_delay(rng, R_DELAY + stream, draw, spread, shape)
                    delays[slot, hop] = unit * delay_s
            packets[slot, P_NUMBER] = ints[NEXT_PACKET]
            ints[NEXT_PACKET] += 1
            packets[slot, P_KIND] = kind
            packets[slot, P_SENDER] = sender
            packets[slot, P_RECEIVER] = receivers[cursor]
            packets[slot, P_TARGET] = -1
            slot_sent[slot] = now
            packets[slot, P_HOP] = 0
            packets[slot, P_ROW] = -1
            counts[C_SENT, kind] += 1
            ints[LIVE_SUM] += ints[LIVE]
            column = np.int64(-1)
            if kind == 0:
                target = ints[NEXT_TARGET]
                if target < targets and state.target_numbers[target] == ints[REAL_COUNT]:
                    column = _bear(state, ints[NEXT_PACKET] - 1, now)
                    packets[slot, P_TARGET] = target
                ints[REAL_COUNT] += 1
            action = CROSS
            node = -1 - sender
            if kind != 3 and (first > 0 or column >= 0):
                src = _entering(ints, mass, row_ints, row_reals, row_free, sender, column)
                is_own = True
            if kind == 3:
                node = sender
                width = first + ints[LIVE]
                if mix[sender, M_DOWN]:
                    action = NOTHING
                    counts[C_SENT, kind] -= 1
                    slot_free[ints[SLOTS_FREE]] = slot
                    ints[SLOTS_FREE] += 1
                elif rule == BY_DELAY and width > 0 and mix[sender, M_MODE] == BLURRED:
                    # Seen from outside the loop may be any held packet that leaves.
                    n = mix[sender, M_HELD]
                    src = _take_blurred(mass, mix, pool, sender, n, width, scratch_row)
                elif mix[sender, M_MODE] == WEIGHTED:
                    _take_weighted(state, sender, now, width, width > 0)
                    if width > 0:
                        src = scratch_row
        else:
            reals[NOW] = now
            hole = True
            code = heap_code[0]
            if code < 0:
                flush = -code - 1
                _heap_down(heap_time, heap_code, ints[HEAP_N], now + reals[INTERVAL_S], code)
                hole = False
            else:
                slot = code >> 2
                event = code & 3
                src = packets[slot, P_ROW]
                is_own = src >= 0
                if event == EV_LEAVE:
                    action = LEAVE
                elif event == EV_ARRIVE:
                    action = ARRIVE
                elif event == EV_ADMIT:
                    action = ADMIT
                else:
                    node = route[slot, packets[slot, P_HOP]]
                    action = EXIT
                    if pool[node, M_LOSS] > 0.0 and _uniform(rng, R_LOSS) < pool[node, M_LOSS]:
                        cause = LOST_INSIDE
                        action = DROP
                    elif packets[slot, P_HOP] < layers - 1:
                        packets[slot, P_HOP] += 1
                        action = CROSS
        width = first + ints[LIVE]
        when = -1.0  # time of the packet's next event, if it gets one
        event = EV_LEAVE
        while action != NOTHING:
            if action == LEAVE:
                m = route[slot, packets[slot, P_HOP]]
                pool[m, M_AREA] += mix[m, M_HELD] * (now - pool[m, M_AREA_SINCE])
                pool[m, M_AREA_SINCE] = now
                n = mix[m, M_HELD]
                mix[m, M_HELD] = n - 1
                kept = mix[m, M_MODE]
                if kept == UNIFORM:
                    src = m if mix[m, M_HAS_MASS] else np.int64(-1)
                elif kept == BLURRED:
                    src = _take_blurred(mass, mix, pool, m, n, width, scratch_row)
                elif kept == WEIGHTED:
                    _take_weighted(state, m, now, width, width > 0)
                    src = scratch_row if width > 0 else np.int64(-1)
                node = m
                action = EXIT
                if pool[m, M_LOSS] > 0.0 and _uniform(rng, R_LOSS) < pool[m, M_LOSS]:
                    cause = LOST_INSIDE  # held like any other, gone when it should leave
                    action = DROP
                elif packets[slot, P_HOP] < layers - 1:
                    packets[slot, P_HOP] += 1
                    action = CROSS

            elif action == CROSS:
                kind = packets[slot, P_KIND]
                m = route[slot, packets[slot, P_HOP]]
                is_passing = kind == 3 and topology != FREE_ROUTE and node // stride == layers - 1
                if is_passing and src >= 0:
                    # A mix loop passes a gateway on its way back to the first layer: seen from
                    # outside, one packet ends there and another one begins.
                    _end(mass, src, 1.0, first, ints[LIVE], sums)
                    if is_own:
                        _drop_row(ints, row_ints, row_free, src)
                        is_own = False
                    src = np.int64(-1)
                link = link_s
                if link < 0.0:
                    last = link_table.shape[0] - 1
                    link = link_table[node if node >= 0 else last, m]
                counts[C_CROSSINGS, kind] += 1
                action = ARRIVE
                if link_loss > 0.0 and _uniform(rng, R_LOSS) < link_loss:
                    cause = LOST_ON_LINK
                    action = DROP
                elif mix[m, M_DOWN]:
                    cause = LOST_AT_DOWN
                    action = DROP
                    # It came to a mix that is not there: that mix's loss, not its sender's.
                    mix[m, M_DROPS] += 1
                if is_logged and action == ARRIVE:
                    wait = math.nan
                    if rule == BY_DELAY and pool[m, M_SERVICE_S] == 0.0:
                        wait = delays[slot, packets[slot, P_HOP]]
                    if kind == 3 and packets[slot, P_HOP] == layers - 1:
                        wait = math.nan
                    _log(ints, log_ints, log_reals, packets, slot, node, m, now, now + link, wait)
                if link > 0.0 and action == ARRIVE:
                    if src >= 0 and not is_own:
                        src = _copied(ints, mass, row_ints, row_reals, row_free, src, width)
                        is_own = True
                    packets[slot, P_ROW] = src
                    when = now + link
                    event = EV_ARRIVE
                    action = NOTHING

            elif action == ARRIVE:
                m = route[slot, packets[slot, P_HOP]]
                mix[m, M_ARRIVALS] += 1
                action = ADMIT
                if packets[slot, P_KIND] == 3 and packets[slot, P_HOP] == layers - 1:
                    counts[C_DONE, 3] += 1
                elif pool[m, M_SERVICE_S] > 0.0:
                    service_s = pool[m, M_SERVICE_S]
                    start = max(pool[m, M_FREE_AT], now)
                    ahead = math.ceil((start - now) / service_s - 1e-9)
                    if ahead > ints[QUEUE]:
                        cause = LOST_IN_QUEUE
                        node = m
                        action = DROP
                    else:
                        pool[m, M_FREE_AT] = start + service_s
                        if src >= 0 and not is_own:
                            src = _copied(ints, mass, row_ints, row_reals, row_free, src, width)
                        packets[slot, P_ROW] = src
                        when = start + service_s
                        event = EV_ADMIT
                        action = NOTHING

            elif action == ADMIT:
                m = route[slot, packets[slot, P_HOP]]
                is_home = packets[slot, P_KIND] == 3 and packets[slot, P_HOP] == layers - 1
                n = mix[m, M_HELD]
                kept = mix[m, M_MODE]
                if is_home and (kept == UNIFORM or kept == BYPASS):  # noqa: SIM109
                    if src >= 0:
                        _add_sums(mass, src, 1.0, first, ints[LIVE], sums, S_ABSORBED)
                elif kept == UNIFORM:
                    if mix[m, M_PENDING] > 0:
                        if mix[m, M_HAS_MASS]:
                            _end(mass, m, float(mix[m, M_PENDING]), first, ints[LIVE], sums)
                        mix[m, M_PENDING] = 0
                    if src >= 0:
                        _put(mass, m, src, n, width, n == 0 or not mix[m, M_HAS_MASS])
                        mix[m, M_HAS_MASS] = 1
                    elif n == 0:
                        mix[m, M_HAS_MASS] = 0
                    elif mix[m, M_HAS_MASS]:
                        _dilute(mass, m, n, width)
                elif kept == BLURRED:
                    if src >= 0:
                        home = pool[m, M_ABSORBED]
                        stays = 1.0 - home
                        if mix[m, M_HAS_MASS]:
                            for j in range(width):
                                mass[m, j] += stays * mass[src, j]
                        else:
                            for j in range(width):
                                mass[m, j] = stays * mass[src, j]
                        mix[m, M_HAS_MASS] = 1
                        live = ints[LIVE]
                        _add_sums(mass, src, home, first, live, sums, S_ABSORBED)
                elif kept == WEIGHTED:
                    home = pool[m, M_ABSORBED]
                    row = _take_row(ints, row_ints, row_reals, row_free)
                    for j in range(width):
                        mass[row, j] = mass[src, j] if src >= 0 else 0.0
                    live = ints[LIVE]
                    _add_sums(mass, row, home, first, live, sums, S_ABSORBED)
                    row_reals[row, ROW_STILL] = 1.0 - home
                    row_reals[row, ROW_TIME] = now
                    row_ints[row, ROW_NEXT] = mix[m, M_HEAD]
                    mix[m, M_HEAD] = row
                if kept == BYPASS and not is_home:
                    if src >= 0 and not is_own:
                        src = _copied(ints, mass, row_ints, row_reals, row_free, src, width)
                        is_own = True
                    packets[slot, P_ROW] = src
                else:
                    if is_own:
                        _drop_row(ints, row_ints, row_free, src)
                        is_own = False
                    src = np.int64(-1)
                    packets[slot, P_ROW] = -1
                action = NOTHING
                if is_home:
                    slot_free[ints[SLOTS_FREE]] = slot
                    ints[SLOTS_FREE] += 1
                else:
                    pool[m, M_AREA] += n * (now - pool[m, M_AREA_SINCE])
                    pool[m, M_AREA_SINCE] = now
                    mix[m, M_HELD] = n + 1
                    if rule == BY_DELAY:
                        wait = delays[slot, packets[slot, P_HOP]]
                        if wait > 0.0:
                            when = now + wait
                            event = EV_LEAVE
                        else:
                            action = LEAVE
                    else:
                        packets[slot, P_NEXT] = mix[m, M_HEAD]
                        mix[m, M_HEAD] = slot
                        if rule == BY_THRESHOLD and n + 1 >= ints[SIZE] + ints[KEEP]:
                            flush = m

            elif action == EXIT:
                kind = packets[slot, P_KIND]
                receiver = packets[slot, P_RECEIVER]
                link = link_s
                if link < 0.0:
                    link = link_table[node, link_table.shape[0] - 1]
                counts[C_CROSSINGS, kind] += 1
                if link_loss > 0.0 and _uniform(rng, R_LOSS) < link_loss:
                    cause = LOST_ON_LINK
                    action = DROP
                else:
                    if is_logged:
                        _log(
                            ints,
                            log_ints,
                            log_reals,
                            packets,
                            slot,
                            node,
                            -1 - receiver,
                            now,
                            now + link,
                            math.nan,
                        )
                    counts[C_DONE, kind] += 1
                    if kind == 0:
                        _note_latency(
                            ints, reals, latency_bins, latency_sample, slot_sent[slot], now + link
                        )
                    target = packets[slot, P_TARGET]
                    if target >= 0:
                        state.results[target, 13] = now + link - slot_sent[slot]
                        if first > 0 and src >= 0:
                            entropy, largest = _entropy(mass[src, :first])
                            state.results[target, 11] = entropy
                            state.results[target, 12] = largest
                    if src >= 0:
                        if ints[BY_RECEIVER]:
                            for j in range(first, width):
                                state.by_receiver[receiver, j] += mass[src, j]
                        if src < scratch_row:
                            mix[src, M_PENDING] += 1
                        else:
                            _end(mass, src, 1.0, first, ints[LIVE], sums)
                            if is_own:
                                _drop_row(ints, row_ints, row_free, src)
                                is_own = False
                    slot_free[ints[SLOTS_FREE]] = slot
                    ints[SLOTS_FREE] += 1
                    action = NOTHING

            else:  # DROP
                kind = packets[slot, P_KIND]
                counts[C_DROPPED + cause, kind] += 1
                if node >= 0 and cause != LOST_AT_DOWN:
                    mix[node, M_DROPS] += 1
                if is_logged:
                    # Zero tells a drop that is seen from outside, NaN one that is not.
                    wait = 0.0 if cause <= LOST_AT_DOWN else math.nan
                    _log(ints, log_ints, log_reals, packets, slot, node, NOWHERE, now, now, wait)
                if src >= 0:
                    _add_sums(mass, src, 1.0, first, ints[LIVE], sums, S_LOST)
                    if is_own:
                        _drop_row(ints, row_ints, row_free, src)
                        is_own = False
                slot_free[ints[SLOTS_FREE]] = slot
                ints[SLOTS_FREE] += 1
                action = NOTHING

        if when >= 0.0:
            code = (slot << 2) | event
            if hole:
                _heap_down(heap_time, heap_code, ints[HEAP_N], when, code)
                hole = False
            else:
                _heap_up(heap_time, heap_code, ints[HEAP_N], when, code)
                ints[HEAP_N] += 1
        if hole:
            n = ints[HEAP_N] - 1
            ints[HEAP_N] = n
            if n > 0:
                _heap_down(heap_time, heap_code, n, heap_time[n], heap_code[n])

        if flush >= 0:
            # A batch mix lets go of a random choice; all that leave carry the same mass.
            m = flush
            n = mix[m, M_HELD]
            leavers = _count_leavers(ints, reals, rng, n)
            if leavers > 0:
                row = np.int64(-1)
                if mix[m, M_HAS_MASS] and width > 0 and mix[m, M_MODE] != BYPASS:
                    row = _take_row(ints, row_ints, row_reals, row_free)
                    row_ints[row, ROW_REFS] = leavers
                    for j in range(width):
                        if mix[m, M_MODE] == UNIFORM:
                            mass[row, j] = mass[m, j]
                        else:
                            mass[row, j] = mass[m, j] / n
                            mass[m, j] -= leavers * mass[row, j]
                pool[m, M_AREA] += n * (now - pool[m, M_AREA_SINCE])
                pool[m, M_AREA_SINCE] = now
                mix[m, M_HELD] = n - leavers
                i = mix[m, M_HEAD]
                for k in range(n):
                    state.scratch[k] = i
                    i = packets[i, P_NEXT]
                for k in range(leavers):
                    pick = k + _below(rng, R_BATCH, n - k)
                    slot = np.int64(state.scratch[pick])
                    state.scratch[pick] = state.scratch[k]
                    state.scratch[k] = slot
                    if mix[m, M_MODE] != BYPASS:
                        packets[slot, P_ROW] = row
                    _heap_up(heap_time, heap_code, ints[HEAP_N], now, (slot << 2) | EV_RELEASE)
                    ints[HEAP_N] += 1
                i = np.int64(-1)
                for k in range(leavers, n):
                    slot = np.int64(state.scratch[k])
                    packets[slot, P_NEXT] = i
                    i = slot
                mix[m, M_HEAD] = i

        ints[EVENTS] += 1
        ints[SINCE_CHECK] += 1
        if ints[SINCE_CHECK] >= ints[CHECK_EVERY]:
            ints[SINCE_CHECK] = 0
            if ints[LIVE] > 0:
                retire_below(state, reals[RETIRE_BELOW])
    if status == FINISHED and until < math.inf:
        reals[NOW] = until
    return status


# -- the memoryless engine ---------------------------------------------------------------------


@_jit
def advance_memoryless(state, times, senders, receivers, codes, count, until):
    """As :func:`advance`, for one common exponential delay and nothing else that takes time.

    Any held packet is equally likely to leave next, so no packet has a delay of its own: the
    next leave comes after a unit exponential "budget", used up at the rate held / delay. Slots
    0 .. held - 1 are the packets under way; P_NEXT is the mix that holds one.
    """
    ints, reals, rng, counts = state.ints, state.reals, state.rng, state.counts
    mix, pool = state.mix_ints, state.mix_reals
    mass, sums = state.mass, state.live_sums
    row_ints, row_reals, row_free = state.row_ints, state.row_reals, state.row_free
    packets, slot_sent = state.packets, state.slot_sent
    layers, stride, width_now = ints[LAYERS], ints[STRIDE], ints[WIDTH]
    is_cascade = ints[TOPOLOGY] == CASCADE
    first, targets = ints[SENDERS], ints[TARGETS]
    link_loss, delay_s = reals[LINK_LOSS], reals[DELAY_S]
    columns = mass.shape[1]
    room = len(slot_sent)
    held = ints[HEAP_N]
    budget = reals[CLOCK]
    now = reals[NOW]
    cursor = ints[CURSOR]
    status = FINISHED
    if budget <= 0.0:
        budget = _exponential(rng, R_HOP)
    while True:
        entry = times[cursor] if cursor < count else math.inf
        leave = now + budget * delay_s / held if held > 0 else math.inf
        is_entry = entry < leave
        if (entry if is_entry else leave) > until or (held == 0 and cursor >= count):
            break
        if ints[ROWS_FREE] < 4:
            status = NEED_ROWS
            break
        src = np.int64(-1)
        is_own = False
        if is_entry:
            if held >= room:
                status = NEED_SLOTS
                break
            if first + ints[LIVE] >= columns:
                status = NEED_COLUMNS
                break
            if held > 0:
                budget = max(budget - (entry - now) * held / delay_s, 1e-300)
            now = entry
            kind = np.int64(codes[cursor] & np.uint8(15))
            sender = np.int64(senders[cursor])
            slot = held
            number = ints[NEXT_PACKET]
            packets[slot, P_NUMBER] = number
            packets[slot, P_KIND] = kind
            packets[slot, P_SENDER] = sender
            packets[slot, P_RECEIVER] = receivers[cursor]
            packets[slot, P_TARGET] = -1
            packets[slot, P_HOP] = -1
            slot_sent[slot] = now
            cursor += 1
            held += 1
            ints[NEXT_PACKET] = number + 1
            counts[C_SENT, kind] += 1
            ints[LIVE_SUM] += ints[LIVE]
            column = np.int64(-1)
            if kind == 0:
                target = ints[NEXT_TARGET]
                if target < targets and state.target_numbers[target] == ints[REAL_COUNT]:
                    column = _bear(state, number, now)
                    packets[slot, P_TARGET] = target
                ints[REAL_COUNT] += 1
            if first > 0 or column >= 0:
                src = _entering(ints, mass, row_ints, row_reals, row_free, sender, column)
                is_own = True
            node = np.int64(-1)
            hop = np.int64(0)
        else:
            now = leave
            budget = _exponential(rng, R_HOP)
            slot = _below(rng, R_BATCH, held)
            kind = packets[slot, P_KIND]
            node = packets[slot, P_NEXT]
            hop = packets[slot, P_HOP] + 1
            n = mix[node, M_HELD]
            pool[node, M_AREA] += n * (now - pool[node, M_AREA_SINCE])
            pool[node, M_AREA_SINCE] = now
            mix[node, M_HELD] = n - 1
            if mix[node, M_MODE] == UNIFORM:
                if mix[node, M_HAS_MASS]:
                    src = node
            else:
                src = packets[slot, P_ROW]
                is_own = src >= 0
        width = first + ints[LIVE]
        counts[C_CROSSINGS, kind] += 1
        cause = np.int64(-1)
        if link_loss > 0.0 and _uniform(rng, R_LOSS) < link_loss:
            cause = LOST_ON_LINK
        elif hop < layers:
            if is_cascade and hop > 0:
                m = hop * stride + node % stride
            else:
                m = hop * stride + _below(rng, R_ROUTE + kind, width_now)
            if mix[m, M_DOWN]:
                cause = LOST_AT_DOWN
                mix[m, M_DROPS] += 1
        is_gone = cause >= 0 or hop == layers
        if cause >= 0:
            counts[C_DROPPED + cause, kind] += 1
            if node >= 0 and cause != LOST_AT_DOWN:
                mix[node, M_DROPS] += 1
            if src >= 0:
                _add_sums(mass, src, 1.0, first, ints[LIVE], sums, S_LOST)
                if is_own:
                    _drop_row(ints, row_ints, row_free, src)
        elif hop == layers:
            counts[C_DONE, kind] += 1
            if kind == 0:
                _note_latency(
                    ints, reals, state.latency_bins, state.latency_sample, slot_sent[slot], now
                )
            target = packets[slot, P_TARGET]
            if target >= 0:
                state.results[target, 13] = now - slot_sent[slot]
                if first > 0 and src >= 0:
                    entropy, largest = _entropy(mass[src, :first])
                    state.results[target, 11] = entropy
                    state.results[target, 12] = largest
            if src >= 0:
                if ints[BY_RECEIVER]:
                    receiver = packets[slot, P_RECEIVER]
                    for j in range(first, width):
                        state.by_receiver[receiver, j] += mass[src, j]
                if is_own:
                    _end(mass, src, 1.0, first, ints[LIVE], sums)
                    _drop_row(ints, row_ints, row_free, src)
                else:
                    mix[src, M_PENDING] += 1
        else:
            n = mix[m, M_HELD]
            mix[m, M_ARRIVALS] += 1
            pool[m, M_AREA] += n * (now - pool[m, M_AREA_SINCE])
            pool[m, M_AREA_SINCE] = now
            mix[m, M_HELD] = n + 1
            packets[slot, P_HOP] = hop
            packets[slot, P_NEXT] = m
            packets[slot, P_ROW] = -1
            if mix[m, M_MODE] == UNIFORM:
                if mix[m, M_PENDING] > 0:
                    if mix[m, M_HAS_MASS]:
                        pending = float(mix[m, M_PENDING])
                        _end(mass, m, pending, first, ints[LIVE], sums)
                    mix[m, M_PENDING] = 0
                if src >= 0:
                    _put(mass, m, src, n, width, n == 0 or not mix[m, M_HAS_MASS])
                    mix[m, M_HAS_MASS] = 1
                elif n == 0:
                    mix[m, M_HAS_MASS] = 0
                elif mix[m, M_HAS_MASS]:
                    _dilute(mass, m, n, width)
                if is_own:
                    _drop_row(ints, row_ints, row_free, src)
            elif src >= 0:
                if not is_own:
                    src = _copied(ints, mass, row_ints, row_reals, row_free, src, width)
                packets[slot, P_ROW] = src
        if is_gone:
            held -= 1
            if slot != held:
                for i in range(8):
                    packets[slot, i] = packets[held, i]
                slot_sent[slot] = slot_sent[held]
        ints[EVENTS] += 1
        ints[SINCE_CHECK] += 1
        if ints[SINCE_CHECK] >= ints[CHECK_EVERY]:
            ints[SINCE_CHECK] = 0
            if ints[LIVE] > 0:
                reals[NOW] = now
                retire_below(state, reals[RETIRE_BELOW])
    if status == FINISHED and until < math.inf:
        if held > 0:
            budget = max(budget - (until - now) * held / delay_s, 1e-300)
        now = until
    ints[HEAP_N] = held
    ints[CURSOR] = cursor
    reals[CLOCK] = budget
    reals[NOW] = now
    return status


def finish(state) -> None:
    """Retire whatever target is still live, with what it left over; close the pools' books."""
    retire_below(state, math.inf)
    close_pools(state)


@_jit
def close_pools(state):
    """Bring the time integrals of the pools up to now."""
    now = state.reals[NOW]
    mix, pool = state.mix_ints, state.mix_reals
    for m in range(state.ints[MIXES]):
        pool[m, M_AREA] += mix[m, M_HELD] * (now - pool[m, M_AREA_SINCE])
        pool[m, M_AREA_SINCE] = now
