import { defineCheck, failure, ok, type Verdict, warning } from '../check.ts'
import type { Machine } from '../machine.ts'

interface Facts {
  /** As the kernel says through timedatectl: `yes`, `no`; undefined without systemd. */
  readonly synchronized: string | undefined
  /** Names of running programs that set the clock. */
  readonly daemons: readonly string[]
}

const programs = ['systemd-timesyncd', 'chronyd', 'ntpd', 'ntpd-rs', 'openntpd', 'ptp4l', 'phc2sys']
/** The kernel cuts the name of a process there. */
const commLength = 15

export const clockSynchronized = defineCheck<Facts>({
  id: 'clock-synchronized',
  group: 'Clock',
  title: 'clock is synchronized',
  reads: '`timedatectl`, and which of systemd-timesyncd, chrony, ntpd, ptp4l runs',
  async read(machine) {
    const text = await machine.output('timedatectl', ['show', '--property=NTPSynchronized', '--value'])
    return { synchronized: text?.trim(), daemons: daemonsOf(machine) }
  },
  evaluate({ synchronized, daemons }): Verdict {
    const [daemon] = daemons
    if (synchronized === 'yes') return ok(daemon === undefined ? 'yes' : `by ${daemon}`)
    if (synchronized === 'no' && daemon !== undefined)
      return failure(`${daemon} runs, and has not set the clock`, 'timedatectl timesync-status', 'chronyc tracking')
    if (daemon !== undefined) return ok(`${daemon} runs`)
    return warning(
      'nothing sets this clock: certificates, tokens and audit records depend on it',
      'apt-get install systemd-timesyncd && timedatectl set-ntp true',
    )
  },
})

function daemonsOf(machine: Machine): string[] {
  const found = new Set(
    machine
      .names('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(pid => machine.text(`/proc/${pid}/comm`)?.trim()),
  )
  return programs.filter(name => found.has(name.slice(0, commLength)))
}
