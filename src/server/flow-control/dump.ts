// Waiting and running requests as text: upstream's `/debug/api_priority_and_fairness/dump_*`, authorized like every other path.
import type { Waiting } from './fair-queues.ts'
import type { FlowClock } from './flow-clock.ts'
import type { FlowControl } from './flow-control.ts'
import type { FlowCounters, RejectReason } from './flow-counters.ts'
import type { PriorityLevel } from './priority-level.ts'

const prefix = '/debug/api_priority_and_fairness/dump_'

/** Undefined for other paths. `wallNow` is in milliseconds since the epoch. */
export function dumpText(flow: FlowControl, path: string, withDetails: boolean, clock: FlowClock, wallNow: number): string | undefined {
  if (!path.startsWith(prefix)) return undefined
  switch (path.slice(prefix.length)) {
    case 'priority_levels': {
      const counters = [...flow.counters]
      return table([levelHeads, ...flow.levels.map(level => levelRow(level, counters))])
    }
    case 'queues':
      return table([queueHeads, ...flow.levels.flatMap(queueRows)])
    case 'requests': {
      const arrivedAt = ({ arrived }: Waiting) => new Date(wallNow - (clock.now() - arrived)).toISOString()
      const heads = withDetails ? [...requestHeads, ...detailHeads] : requestHeads
      return table([heads, ...flow.levels.flatMap(level => requestRows(level, withDetails, arrivedAt))])
    }
    default:
      return undefined
  }
}

const levelHeads = [
  ...['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests'],
  ...['DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests'],
]

function levelRow({ name, queues, quiescing }: PriorityLevel, counters: readonly FlowCounters[]): string[] {
  const active = queues.queues.filter(({ waiting }) => waiting.size > 0).length
  const own = counters.filter(({ level }) => level === name)
  const sumOf = (read: (counters: FlowCounters) => number) => own.reduce((sum, of) => sum + read(of), 0)
  const rejected = (...reasons: RejectReason[]) => sumOf(of => reasons.reduce((sum, reason) => sum + of.rejected[reason], 0))
  const ended = [sumOf(of => of.dispatched), rejected('queue-full', 'concurrency-limit'), rejected('time-out'), rejected('cancelled')]
  return [name, ...[active, queues.isIdle, quiescing, queues.waiting, queues.executing, ...ended].map(String)]
}

const queueHeads = [
  ...['PriorityLevelName', 'Index', 'PendingRequests', 'ExecutingRequests', 'SeatsInUse'],
  ...['NextDispatchR', 'InitialSeatsSum', 'MaxSeatsSum', 'TotalWorkSum'],
]

/** Empty queues do not exist, so they have no rows. */
function queueRows({ name, queues }: PriorityLevel): string[][] {
  return queues.queues.map(({ index, waiting, executing, seats, nextStart, waitingWork }) => {
    const sumOf = (of: 'initialSeats' | 'seats') => String([...waiting].reduce((sum, { asking }) => sum + asking.work[of], 0))
    const counts = [index, waiting.size, executing, seats].map(String)
    return [name, ...counts, seatSeconds(nextStart), sumOf('initialSeats'), sumOf('seats'), seatSeconds(waitingWork)]
  })
}

const seatSeconds = (seatMs: number): string => `${(seatMs / 1000).toFixed(8)}ss`

const requestHeads = [
  ...['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistingsher', 'ArriveTime'],
  ...['InitialSeats', 'FinalSeats', 'AdditionalLatency', 'StartTime'],
]
/** Go's zero time, for the start of waiting requests. */
const notStarted = '0001-01-01T00:00:00Z'
const detailHeads = ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource']

function requestRows(level: PriorityLevel, withDetails: boolean, arrivedAt: (waiting: Waiting) => string): string[][] {
  return level.queues.queues.flatMap(({ index, waiting }) =>
    [...waiting].map((request, at) => {
      const { flow, work, counters } = request.asking
      const place = [level.name, counters.schema, String(index), String(at), flow.distinguisher, arrivedAt(request)]
      const row = [...place, String(work.initialSeats), String(work.finalSeats), `${work.lingerMs}ms`, notStarted]
      return withDetails ? [...row, ...details(request)] : row
    }),
  )
}

function details({ asking: { user, info } }: Waiting): string[] {
  if (!info.isResource) return [user.name, info.verb, info.path, '', '', '', '', '']
  const { verb, path, namespace, name, group, version, resource, subresource } = info
  return [user.name, verb, path, namespace, name, group === '' ? version : `${group}/${version}`, resource, subresource]
}

/** Padded columns with commas. Text from clients must not add rows. */
function table(rows: readonly (readonly string[])[]): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
  const cells = rows.map(row => row.map((cell, at) => `${cell.replace(/[\x00-\x1f\x7f]/g, '?')}${at < row.length - 1 ? ',' : ''}`))
  const widths = (cells[0] ?? []).map((_, at) => Math.max(7, ...cells.map(row => row[at]?.length ?? 0)) + 1)
  return cells.map(row => `${row.map((cell, at) => (at < row.length - 1 ? cell.padEnd(widths[at] ?? 0) : cell)).join('')}\n`).join('')
}
