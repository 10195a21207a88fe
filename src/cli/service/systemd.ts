// systemctl, with sentences for what an administrator can mend.
import { existsSync } from 'node:fs'
import { UserError } from '../../base/user-error.ts'
import { CommandFailed, runProgram } from '../../network/command.ts'

/** `OpenFile=`, by which a part gets its channel, is that new. */
const oldest = 253

/** Rejects with a UserError unless root runs this on a machine whose service manager is a systemd that is new enough. */
export async function requireSystemd(): Promise<void> {
  if (process.getuid?.() !== 0) throw new UserError('Only root can change the services of this machine: use sudo')
  // As sd_booted(3).
  if (!existsSync('/run/systemd/system'))
    throw new UserError('systemd is not the service manager of this machine: run "bulkhead up" with the one that is')
  const version = Number(/^systemd (\d+)/.exec(await runProgram('systemctl', ['--version']))?.[1])
  if (!(version >= oldest)) throw new UserError(`systemd ${version} is too old, ${oldest} or newer is needed (Debian 13 has 257)`)
}

/** Starts the unit and resolves when it is ready. It may take as long as the unit's TimeoutStartSec. */
export async function startUnit(unit: string): Promise<void> {
  const began = Math.floor(Date.now() / 1000)
  try {
    await runProgram('systemctl', ['start', unit], '', startTimeoutMs)
  } catch (err) {
    if (!(err instanceof CommandFailed)) throw err
    throw new UserError(`${unit} did not start. Its last lines:\n${await lastLines(unit, began)}`, { cause: err })
  }
}

const startTimeoutMs = 11 * 60_000

export const stopUnit = (unit: string): Promise<unknown> => runProgram('systemctl', ['stop', unit], '', startTimeoutMs)

export const reloadUnits = (): Promise<unknown> => runProgram('systemctl', ['daemon-reload'])

async function lastLines(unit: string, since: number): Promise<string> {
  return await runProgram('journalctl', ['--unit', unit, '--since', `@${since}`, '--lines', '10', '--no-pager', '--output', 'cat']).catch(
    () => `(no journal: see "systemctl status ${unit}")`,
  )
}
