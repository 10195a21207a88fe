// Whether the server's records are on disk before it answers, as the kernel shows it.
import { readdirSync, readFileSync } from 'node:fs'
import { readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../../base/user-error.ts'
import type { ProofContext } from '../../proof.ts'

/** O_DSYNC of Linux: a write returns when it is on disk. */
const synchronous = 0o10000
/** O_WRONLY or O_RDWR: the server also reads the log, to see whether others changed it. */
const writing = 0o3

/** The server writes through a descriptor that makes each write durable, as the kernel shows it. */
export async function checkDurability({ attempts, machine }: ProofContext): Promise<void> {
  const server = machine.parts.find(({ name }) => name === 'server')
  if (server === undefined || machine.dataDirectory === undefined) return
  const folder = join(machine.dataDirectory, 'server', 'audit')
  const flags = await flagsOf(server.pid, folder)
  const durable = flags.length > 0 && flags.every(each => (each & synchronous) !== 0)
  attempts.record({
    ...{
      name: 'records are on disk before the answer',
      sent: `/proc/${server.pid}/fdinfo`,
      expected: 'O_DSYNC on each descriptor that writes the log',
    },
    ...{
      answered: flags.length === 0 ? 'no file is open for writing' : `flags ${flags.map(each => each.toString(8)).join(', ')}`,
      held: durable,
    },
  })
}

async function flagsOf(pid: number, folder: string): Promise<number[]> {
  const found: number[] = []
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    try {
      if (!(await readlink(`/proc/${pid}/fd/${descriptor}`)).startsWith(folder)) continue
      const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8'))?.[1]
      const number = Number.parseInt(flags ?? '0', 8)
      if ((number & writing) !== 0) found.push(number)
    } catch (err) {
      // Closed meanwhile.
      if (codeOf(err) !== 'ENOENT') throw err
    }
  }
  return found
}
