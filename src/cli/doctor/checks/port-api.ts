import { defineCheck, failure, ok, type Verdict } from '../check.ts'
import { holderOf, type Listener, listeners } from '../listeners.ts'
import type { Machine } from '../machine.ts'

export interface PortFacts {
  readonly port: number
  readonly isTaken: boolean
  /** The running cluster listens there. */
  readonly isOurs: boolean
  readonly holder: string | undefined
}

export async function portFacts(machine: Machine, wanted: Listener, isOurs: boolean): Promise<PortFacts> {
  const isTaken = listeners(machine).some(({ port, protocol }) => port === wanted.port && protocol === wanted.protocol)
  return { port: wanted.port, isTaken, isOurs, holder: isTaken && !isOurs ? await holderOf(machine, wanted) : undefined }
}

/** Pure. */
export function portVerdict({ port, isTaken, isOurs, holder }: PortFacts, ...advice: string[]): Verdict {
  if (isOurs && isTaken) return ok(`${port}, by this cluster`)
  if (!isTaken) return ok(`${port} is free`)
  return failure(`${port} is in use by ${holder ?? 'another process'}`, ...advice)
}

const defaultPort = 6443

export const portApi = defineCheck<PortFacts>({
  id: 'port-api',
  group: 'Ports',
  title: 'API server',
  reads: '/proc/net/tcp and tcp6, `ss`',
  read(machine) {
    const server = machine.up?.server
    const port = server === undefined || !URL.canParse(server) ? defaultPort : Number(new URL(server).port || 443)
    const isHere = machine.up?.parts.some(({ name }) => name === 'server') ?? false
    return portFacts(machine, { port, protocol: 'tcp' }, isHere)
  },
  evaluate: facts => portVerdict(facts, 'bulkhead up --port PORT', `ss -ltnp 'sport = :${facts.port}'`),
})
