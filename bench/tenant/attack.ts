// An attack: the tenant's preparation, and the request that it then repeats.
import type { Connections } from '../load/connections.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export type AttackRequest = readonly [method: Method, path: string, body?: string, contentType?: string]

export interface Attack {
  readonly id: string
  readonly title: string
  /** Setup by an administrator before the attack. */
  readonly installed?: readonly AttackRequest[]
  /** Created by the tenant, in successive parts; refusals show a limit. */
  prepare?(): Iterable<AttackRequest>
  /** Repeated with rising numbers; with `cycle` from 0 again after so many. */
  request(number: number): AttackRequest
  readonly cycle?: number
  /** Parallel requests; default 64. */
  readonly inFlight?: number
}

/** How the server answered, by status. */
export type Answers = Record<string, number>

export async function sendAll(connections: Connections, requests: Iterable<AttackRequest>, inFlight: number, answers: Answers) {
  const iterator = requests[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      const { status } = await connections.request(...next.value)
      answers[status] = (answers[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
}

export function* numbered(count: number, make: (number: number) => AttackRequest): Generator<AttackRequest> {
  for (let number = 0; number < count; number++) yield make(number)
}

/** Runs one attack until the signal. Requests are serialized once: the attacker's own work must not count as the server's. */
export function* repeated(attack: Attack, signal: AbortSignal): Generator<AttackRequest> {
  const { cycle } = attack
  if (cycle === undefined) for (let number = 0; !signal.aborted; number++) yield attack.request(number)
  else {
    const requests = Array.from({ length: cycle }, (_, number) => attack.request(number))
    for (let number = 0; !signal.aborted; number++) yield requests[number % cycle] ?? attack.request(number)
  }
}
