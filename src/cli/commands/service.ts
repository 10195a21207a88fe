import { buildCommand, buildRouteMap, numberParser } from '@stricli/core'
import { systemClock } from '../../base/clock.ts'
import { optionalText } from '../common-flags.ts'
import { withCommandList, withHelp } from '../help.ts'
import type { InstallFlags } from '../service/install.ts'
import { runCommand } from '../terminal/run-command.ts'

const name = { ...optionalText, brief: 'Name of the service (default: bulkhead)', placeholder: 'NAME' } as const
const print = (line: string) => process.stdout.write(`${line}\n`)

const installParsed = buildCommand({
  func: (flags: InstallFlags) =>
    runCommand(async () => {
      const { installService } = await import('../service/install.ts')
      await installService(flags, print)
    }),
  parameters: {
    flags: {
      name,
      dataDir: { ...optionalText, brief: 'Data directory (default: /var/lib/bulkhead)', placeholder: 'DIR' },
      config: { ...optionalText, brief: 'YAML file with the settings of "bulkhead up" in camelCase', placeholder: 'FILE' },
      start: { kind: 'boolean', optional: true, brief: 'Start it now (default), or not: --no-start' },
    },
  },
  docs: { brief: 'Run the cluster as services of systemd, from each start of this machine on' },
})

const uninstallParsed = buildCommand({
  func: (flags: { readonly name?: string }) =>
    runCommand(async () => {
      const { uninstallService } = await import('../service/install.ts')
      await uninstallService(flags, print)
    }),
  parameters: { flags: { name } },
  docs: { brief: 'Stop the services and remove them; the data stays' },
})

const waitParsed = buildCommand({
  func: ({ dataDir, pid }: { readonly dataDir: string; readonly pid: number }) =>
    runCommand(async () => {
      const { waitReady } = await import('../service/wait-ready.ts')
      await waitReady(dataDir, pid, systemClock)
    }),
  parameters: {
    flags: {
      dataDir: { kind: 'parsed', parse: String, brief: 'Data directory of the service', placeholder: 'DIR' },
      pid: { kind: 'parsed', parse: numberParser, brief: 'Process of "bulkhead up"', placeholder: 'PID' },
    },
  },
  docs: { brief: 'Wait until the cluster works; the service runs it after its start' },
})

const commands = buildRouteMap({
  routes: {
    install: withHelp(installParsed, {
      usage: '[flags]',
      examples: [
        ['sudo bulkhead service install', 'and start it'],
        ['sudo bulkhead service install --config /etc/bulkhead.yaml', 'with settings of "bulkhead up"'],
      ],
    }),
    uninstall: withHelp(uninstallParsed, {
      usage: '[flags]',
      examples: [['sudo bulkhead service uninstall', 'the data directory stays']],
    }),
    waitReady: withHelp(waitParsed, {
      usage: '--data-dir DIR --pid PID',
      examples: [['systemctl start bulkhead', 'runs it']],
    }),
  },
  docs: { brief: 'Run the cluster as sandboxed services of systemd', hideRoute: { waitReady: true } },
})

/** The cluster as services of the machine. */
export const serviceCommand = withCommandList(commands, [['sudo bulkhead service install', 'each part in a sandbox of its own']])
