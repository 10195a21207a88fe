import { buildCommand } from '@stricli/core'
import { parseSettings, type Settings } from '../../base/config/config.ts'
import { UserError } from '../../base/user-error.ts'
import { optionalText } from '../common-flags.ts'
import { withHelp } from '../help.ts'
import type { JoinFlags } from '../join/join.ts'
import { runCommand } from '../terminal/run-command.ts'

interface ControlPlaneFlags extends Pick<Settings, 'controlPlaneOnly' | 'simulatedNodes' | 'advertiseAddress' | 'bindAddress'> {
  readonly controlPlane?: string
}

const optionalNumber = { kind: 'parsed', parse: Number, optional: true } as const

const command = buildCommand({
  func: ({ ticket, caDigest, controlPlane, ...flags }: JoinFlags & ControlPlaneFlags, address?: string) =>
    runCommand(async () => {
      const given = parseSettings('flags', Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)))
      const secrets = { ...(ticket === undefined ? {} : { ticket }), ...(caDigest === undefined ? {} : { caDigest }) }
      if (controlPlane !== undefined) {
        const { joinControlPlane } = await import('../control-plane/join-control-plane.ts')
        return await joinControlPlane(address, { ...given, ...secrets, controlPlane })
      }
      const onlyThere = (['controlPlaneOnly', 'simulatedNodes', 'advertiseAddress', 'bindAddress'] as const).find(name => name in given)
      if (onlyThere !== undefined) throw new UserError('This flag is for a machine that joins the control plane, with --control-plane')
      const { joinCluster } = await import('../join/join.ts')
      await joinCluster(address, { ...given, ...secrets })
    }),
  parameters: {
    flags: {
      ticket: { ...optionalText, brief: 'Join ticket, needed the first time', placeholder: 'TICKET' },
      caDigest: { ...optionalText, brief: "Digest of the cluster's authority, needed the first time", placeholder: 'sha256:HEX' },
      controlPlane: { ...optionalText, brief: 'Join the control plane, with the secret of the line', placeholder: 'SECRET' },
      controlPlaneOnly: { kind: 'boolean', brief: 'With --control-plane: run no node', optional: true, withNegated: false },
      simulatedNodes: { ...optionalNumber, brief: 'With --control-plane: run N simulated nodes', placeholder: 'N' },
      advertiseAddress: { ...optionalText, brief: 'With --control-plane: address of this machine for the others', placeholder: 'IP' },
      bindAddress: { ...optionalText, brief: 'With --control-plane: listen address', placeholder: 'IP' },
      dataDir: { ...optionalText, brief: 'Data directory of this node (default: /var/lib/bulkhead)', placeholder: 'DIR' },
      evictionHard: {
        ...optionalText,
        brief: 'Eviction thresholds for disks, as in kubelet',
        placeholder: 'SIGNAL<N%,…',
      },
      logLevel: { kind: 'enum', values: ['error', 'info', 'debug'], brief: 'Log level of all parts (default: error)', optional: true },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Address of the API server, needed the first time', parse: String, placeholder: 'URL', optional: true }],
    },
  },
  docs: { brief: 'Make this machine a node of a cluster on another machine, and run it' },
})

/** Joins a cluster with a one-time ticket and runs this machine's node until Ctrl-C. */
export const joinCommand = withHelp(command, {
  usage: '[flags] [URL]',
  examples: [
    ['sudo bulkhead join https://192.0.2.1:6443 --ticket TICKET --ca-digest sha256:HEX', 'the line that "join-ticket create" prints'],
    ['sudo bulkhead join', 'a machine that joined before'],
  ],
})
