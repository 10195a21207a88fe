import { buildCommand, buildRouteMap } from '@stricli/core'
import type { ClusterFlags, ScheduleFlags } from '../backup/cluster-backups.ts'
import type { ChainFlags, RestoreFlags, VerifyFlags } from '../backup/offline-backups.ts'
import { dataDirFlag, optionalText, outputFlag } from '../common-flags.ts'
import { withCommandList, withHelp } from '../help.ts'
import { interruptible, runCommand } from '../terminal/run-command.ts'

const text = { kind: 'parsed', parse: String } as const
const optionalNumber = { kind: 'parsed', parse: wholeNumber, optional: true } as const
const print = (line: string) => process.stdout.write(`${line}\n`)

function wholeNumber(given: string): number {
  if (!/^\d{1,15}$/.test(given)) throw new Error('must be a whole number')
  return Number(given)
}

const cluster = {
  dataDir: dataDirFlag,
  kubeconfig: { ...optionalText, brief: 'Credentials to use (default: of --data-dir or KUBECONFIG)', placeholder: 'FILE' },
} as const

const place = {
  from: { ...optionalText, brief: 'Folder with the backups, or name of a target in --config', placeholder: 'FOLDER|NAME' },
  config: { ...optionalText, brief: 'File of "bulkhead up --backup"', placeholder: 'FILE' },
  key: { ...optionalText, brief: 'Public key of the cluster: its evidence.pub', placeholder: 'FILE' },
  dataDir: { ...optionalText, brief: 'Data directory of the cluster whose key it is', placeholder: 'DIR' },
  atLeast: { ...optionalNumber, brief: 'Number of a link that must be there: names a target that was set back', placeholder: 'N' },
} as const

const point = {
  revision: { ...optionalNumber, brief: 'The state at this revision (default: the newest)', placeholder: 'N' },
  time: { ...optionalText, brief: 'The newest state that was stored at this time', placeholder: 'TIME' },
  backup: { ...optionalNumber, brief: 'The state of this backup', placeholder: 'N' },
} as const

const identity = { ...text, brief: 'Identity of a recipient, as age-keygen writes it', placeholder: 'FILE' } as const

const named = (placeholder: string, brief: string) => ({ kind: 'tuple', parameters: [{ brief, parse: String, placeholder }] }) as const

const create = buildCommand({
  func: (flags: ClusterFlags & { readonly full?: boolean }, target: string) =>
    runCommand(async () => (await import('../backup/cluster-backups.ts')).createBackup(flags, target, print, interruptible())),
  parameters: {
    flags: { ...cluster, full: { kind: 'boolean', optional: true, withNegated: false, brief: 'Store all objects again' } },
    positional: named('TARGET', 'Name of a target in the file of "bulkhead up --backup"'),
  },
  docs: { brief: 'Make a backup now, and verify it' },
})

const list = buildCommand({
  func: (flags: ChainFlags & ClusterFlags & { readonly output?: 'text' | 'json' }) =>
    runCommand(async () => {
      if (flags.from !== undefined || flags.config !== undefined)
        return (await import('../backup/offline-backups.ts')).listTarget(flags, print, interruptible())
      return (await import('../backup/cluster-backups.ts')).listBackups(flags, print, interruptible())
    }),
  parameters: { flags: { ...place, kubeconfig: cluster.kubeconfig, output: outputFlag } },
  docs: { brief: 'List the backups of a cluster, or with --from those in a target' },
})

const schedule = buildCommand({
  func: (flags: ScheduleFlags, name: string) =>
    runCommand(async () => (await import('../backup/cluster-backups.ts')).scheduleBackups(flags, name, print, interruptible())),
  parameters: {
    flags: {
      ...cluster,
      target: { ...text, brief: 'Name of a target in the file of "bulkhead up --backup"', placeholder: 'NAME' },
      every: { ...text, brief: 'Time between two backups, such as 1h', placeholder: 'DURATION' },
      fullEvery: { ...optionalText, brief: 'Time after which all objects are stored again (default: 24h)', placeholder: 'DURATION' },
      maxAge: { ...optionalText, brief: 'Age of the newest verified backup that raises an alarm', placeholder: 'DURATION' },
      history: { ...optionalText, brief: 'Time in which each revision can be restored (default: 48h)', placeholder: 'DURATION' },
      keepLast: { ...optionalNumber, brief: 'Newest backups to keep', placeholder: 'N' },
      keepHourly: { ...optionalNumber, brief: 'Hours of which the last is kept', placeholder: 'N' },
      keepDaily: { ...optionalNumber, brief: 'Days of which the last is kept', placeholder: 'N' },
      keepWeekly: { ...optionalNumber, brief: 'Weeks of which the last is kept', placeholder: 'N' },
      keepMonthly: { ...optionalNumber, brief: 'Months of which the last is kept', placeholder: 'N' },
    },
    positional: named('NAME', 'Name of the schedule'),
  },
  docs: { brief: 'Create or change a schedule' },
})

const verify = buildCommand({
  func: (flags: VerifyFlags) =>
    runCommand(async () => (await import('../backup/offline-backups.ts')).verifyTarget(flags, print, interruptible()), 2),
  parameters: { flags: { ...place, identity, ...point, output: outputFlag } },
  docs: { brief: 'Restore a backup into a shadow server, and compare each object' },
})

const restore = buildCommand({
  func: (flags: RestoreFlags) =>
    runCommand(async () => (await import('../backup/offline-backups.ts')).restoreTarget(flags, print, interruptible())),
  parameters: {
    flags: {
      ...{ ...place, identity, ...point },
      to: { ...optionalText, brief: 'New data directory, for a whole cluster', placeholder: 'DIR' },
      into: { ...optionalText, brief: 'Credentials of a running cluster, for some objects', placeholder: 'KUBECONFIG' },
      namespace: { ...optionalText, brief: 'With --into: objects of this namespace', placeholder: 'NAME' },
      kind: { ...optionalText, brief: 'With --into: objects of this kind', placeholder: 'KIND' },
      selector: { ...optionalText, brief: 'With --into: objects with these labels', placeholder: 'LABELS' },
      delete: { kind: 'boolean', optional: true, withNegated: false, brief: 'With --into: delete what the backup does not have' },
      dryRun: { kind: 'boolean', optional: true, withNegated: false, brief: 'With --into: say what would happen, and do nothing' },
    },
  },
  docs: { brief: 'Restore a whole cluster, or some objects into a running one' },
})

const prune = buildCommand({
  func: (flags: ClusterFlags, name: string) =>
    runCommand(async () => (await import('../backup/cluster-backups.ts')).pruneBackups(flags, name, print, interruptible())),
  parameters: { flags: cluster, positional: named('SCHEDULE', 'Name of the schedule whose retention applies') },
  docs: { brief: 'Make a backup of a schedule now, and remove what it does not keep' },
})

/** Backups, and what comes back from them. */
export const backupCommand = withCommandList(
  buildRouteMap({
    routes: {
      create: withHelp(create, {
        usage: '[flags] TARGET',
        examples: [['bulkhead backup create nas', 'all changes until now, verified']],
        exitCodes: '0 verified, 1 failed',
      }),
      list: withHelp(list, { usage: '[flags]', examples: [['bulkhead backup list', 'of the running cluster']] }),
      schedule: withHelp(schedule, {
        usage: '--target NAME --every DURATION [flags] NAME',
        examples: [['bulkhead backup schedule hourly --target nas --every 1h', 'every hour']],
      }),
      verify: withHelp(verify, {
        usage: '--from FOLDER --key FILE --identity FILE [flags]',
        examples: [['bulkhead backup verify --from DIR --key evidence.pub --identity id.txt', 'on any machine']],
        exitCodes: '0 every object is as it was, 1 something is damaged, 2 it could not be tried',
      }),
      restore: withHelp(restore, {
        usage: '--from FOLDER --key FILE --identity FILE --to DIR [flags]',
        examples: [
          ['bulkhead backup restore --from DIR --key PUB --identity TXT --to D', 'on a new machine'],
          ['bulkhead backup restore … --into KUBECONFIG --namespace shop --dry-run', 'some objects'],
        ],
      }),
      prune: withHelp(prune, {
        usage: '[flags] SCHEDULE',
        examples: [['bulkhead backup prune hourly', 'what the schedule does after each backup']],
      }),
    },
    docs: { brief: 'Make, verify and restore encrypted backups' },
  }),
  [
    ['bulkhead up --backup backup.yaml', 'send each change to the targets in the file'],
    ['bulkhead backup create nas', 'make a backup now'],
    ['bulkhead backup restore … --to DIR', 'restore the whole cluster'],
  ],
)
