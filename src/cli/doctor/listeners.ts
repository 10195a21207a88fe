// Who listens on a port of this machine, from the kernel's tables.
import type { Machine } from './machine.ts'

export interface Listener {
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
}

const tables = [
  ['tcp', '/proc/net/tcp'],
  ['tcp', '/proc/net/tcp6'],
  ['udp', '/proc/net/udp'],
  ['udp', '/proc/net/udp6'],
] as const

/** State of a listening TCP socket; a UDP socket without a peer has 07 (include/net/tcp_states.h). */
const listening = { tcp: '0A', udp: '07' }

export const listeners = (machine: Machine): Listener[] =>
  tables.flatMap(([protocol, path]) => listenersIn(machine.text(path) ?? '', protocol))

/** Pure. Of a line `0: 0100007F:192B 00000000:0000 0A …` */
export function listenersIn(table: string, protocol: 'tcp' | 'udp'): Listener[] {
  return table.split('\n').flatMap(line => {
    const [, local = '', , state] = line.trim().split(/\s+/)
    const port = Number.parseInt(local.split(':').at(-1) ?? '', 16)
    return state === listening[protocol] && port > 0 ? [{ port, protocol }] : []
  })
}

/** The first line of whoever it is, as `ss` names it. Undefined without `ss`, or if this user may not see it. */
export async function holderOf(machine: Machine, { port, protocol }: Listener): Promise<string | undefined> {
  const text = await machine.output('ss', ['-Hlnp', protocol === 'tcp' ? '-t' : '-u', `sport = :${port}`])
  const [, name, pid] = /users:\(\("([^"]{1,40})",pid=(\d+)/.exec(text ?? '') ?? []
  return name === undefined ? undefined : `${name}, process ${pid}`
}
