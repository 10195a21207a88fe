import { buildCommand, buildRouteMap } from '@stricli/core'
import { systemClock } from '../../base/clock.ts'
import { dataDirFlag, optionalText } from '../common-flags.ts'
import { withCommandList, withHelp } from '../help.ts'
import type { CleanUpFlags } from '../service/clean-up.ts'
import { interruptible, runCommand } from '../terminal/run-command.ts'
import { partCommand } from './part.ts'

interface NodeFlags {
  readonly dataDir?: string
  readonly kubeconfig?: string
}

interface DrainFlags extends NodeFlags {
  readonly timeoutSeconds?: number
}

const clusterFlags = {
  dataDir: dataDirFlag,
  kubeconfig: { ...optionalText, brief: 'kubeconfig of an administrator (default: of --data-dir or KUBECONFIG)', placeholder: 'FILE' },
} as const
const nodeName = {
  kind: 'tuple',
  parameters: [{ brief: 'Name of the node', parse: String, placeholder: 'NAME' }],
} as const

const defaultDrainSeconds = 300
const print = (line: string) => process.stdout.write(`${line}\n`)

function seconds(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > 86_400) throw new Error('must be whole seconds from 1 to 86400')
  return number
}

const drainParsed = buildCommand({
  func: ({ timeoutSeconds = defaultDrainSeconds, ...choice }: DrainFlags, name: string) =>
    runCommand(async () => {
      const { withCluster } = await import('../node/with-cluster.ts')
      const { drainNode } = await import('../node/drain.ts')
      const options = { clock: systemClock, limitMs: timeoutSeconds * 1000, print }
      await withCluster(choice, client => drainNode(name, { client, ...options }, interruptible('SIGTERM')))
    }),
  parameters: {
    flags: {
      ...clusterFlags,
      timeoutSeconds: { kind: 'parsed', parse: seconds, optional: true, brief: 'Give up after N seconds (default: 300)', placeholder: 'N' },
    },
    positional: nodeName,
  },
  docs: { brief: 'Move the pods of a node to others, as their disruption budgets allow' },
})

const removeParsed = buildCommand({
  func: (choice: NodeFlags, name: string) =>
    runCommand(async () => {
      const { withCluster } = await import('../node/with-cluster.ts')
      const { removeNode } = await import('../node/remove.ts')
      await withCluster(choice, client => removeNode(name, { client, clock: systemClock, print }, interruptible('SIGTERM')))
    }),
  parameters: { flags: clusterFlags, positional: nodeName },
  docs: { brief: "End a node's certificates at once, and remove it with its pods" },
})

const removeMemberParsed = buildCommand({
  func: ({ dataDir }: Pick<NodeFlags, 'dataDir'>, name: string) =>
    runCommand(async () => {
      const { removeMachine } = await import('../control-plane/remove-machine.ts')
      const { findDataDirectory } = await import('../connection/find-cluster.ts')
      await removeMachine(name, findDataDirectory(dataDir), print, interruptible('SIGTERM'))
    }),
  parameters: { flags: { dataDir: dataDirFlag }, positional: nodeName },
  docs: { brief: 'Remove a machine that is gone from the members of etcd; on a machine of the control plane' },
})

const cleanUpParsed = buildCommand({
  func: (flags: CleanUpFlags) =>
    runCommand(async () => {
      const { cleanUpAfterService } = await import('../service/clean-up.ts')
      await cleanUpAfterService(flags, process.env)
    }),
  parameters: {
    flags: {
      dataDir: { kind: 'parsed', parse: String, brief: 'Data directory of the service', placeholder: 'DIR' },
      config: { ...optionalText, brief: 'Configuration file of the service', placeholder: 'FILE' },
    },
  },
  docs: { brief: 'Remove what a killed node left; the service runs it after its end' },
})

const commands = buildRouteMap({
  routes: {
    drain: withHelp(drainParsed, {
      usage: '[flags] NAME',
      examples: [['bulkhead node drain worker-1', 'before work on that machine']],
    }),
    remove: withHelp(removeParsed, {
      usage: '[flags] NAME',
      examples: [['bulkhead node remove worker-1', 'a machine that leaves, is gone or was stolen']],
    }),
    removeMember: withHelp(removeMemberParsed, {
      usage: '[flags] NAME',
      examples: [['sudo bulkhead node remove-member m3', 'after "bulkhead node remove m3", where no machine takes its place']],
    }),
    cleanUp: withHelp(cleanUpParsed, { usage: '--data-dir DIR [flags]', examples: [['systemctl stop bulkhead', 'runs it']] }),
    part: withHelp(
      partCommand('node', async () => (await import('../parts/node.ts')).nodePart),
      { usage: '', examples: [['sudo bulkhead up', 'starts it']] },
    ),
  },
  // The supervisor starts the part of this name.
  defaultCommand: 'part',
  docs: { brief: 'Drain or remove nodes', hideRoute: { part: true, cleanUp: true } },
})

/** The nodes of a cluster; without a further word it is the part that `bulkhead up` starts. */
export const nodeCommand = withCommandList(commands, [
  ['bulkhead node drain worker-1', 'move its pods to other nodes'],
  ['bulkhead node remove worker-1', 'it can only come back with a new join ticket'],
])
