import { buildCommand } from '@stricli/core'
import { dataDirFlag, outputFlag } from '../common-flags.ts'
import type { DoctorFlags } from '../doctor/doctor.ts'
import { withHelp } from '../help.ts'
import { runCommand } from '../terminal/run-command.ts'

const command = buildCommand({
  func: (flags: DoctorFlags) =>
    runCommand(async () => {
      const { doctor } = await import('../doctor/doctor.ts')
      return await doctor(flags, text => process.stdout.write(`${text}\n`))
    }),
  parameters: {
    flags: {
      dataDir: dataDirFlag,
      output: outputFlag,
    },
  },
  docs: { brief: 'Check this machine and its cluster, and show what mends what is wrong' },
})

/** Changes nothing. */
export const doctorCommand = withHelp(command, {
  usage: '[flags]',
  examples: [
    ['sudo bulkhead doctor', 'before the first start, or when something is wrong'],
    ['bulkhead doctor --data-dir DIR', 'another cluster on this machine'],
    ['bulkhead doctor --output json', 'for programs'],
  ],
  exitCodes: '0 all is well or warnings only, 1 a check failed',
})
