// What a reset will remove, as text for the person who confirms it. Pure.
import { printable } from '../terminal/printable.ts'
import type { MachineState } from './machine-state.ts'

export interface ResetPlan {
  readonly path: string
  readonly entries: readonly { readonly name: string; readonly size: string }[]
  /** Names in the data directory that Bulkhead did not make. */
  readonly kept: readonly string[]
  readonly machine: MachineState
  /** Why the machine was not looked at; undefined if it was. */
  readonly unseen: string | undefined
  readonly keepAudit: string | undefined
  /** The cluster elsewhere that this machine is a node of. */
  readonly joined: { readonly nodeName: string; readonly server: string } | undefined
}

/** Lists are cut there: a node has at most some hundred mounts. */
const maxShown = 5

const kinds: Readonly<Record<string, string>> = {
  signer: 'keys of the cluster, destroyed first',
  server: 'objects and audit log',
  node: 'images, pods, container logs',
  'admin.kubeconfig': 'access of the administrator',
  'admin.pem': 'its certificate and key',
  'break-glass.kubeconfig': 'access of group system:masters',
  lib: 'copies of the code',
  advisories: 'imported advisories',
  artifacts: 'bills of materials, fetched advisories',
  'registry-store': 'images of the registry',
}

export function planText({ path, entries, kept, machine, unseen, keepAudit, joined }: ResetPlan): string {
  const width = Math.max(0, ...entries.map(({ name }) => name.length))
  const sizes = Math.max(0, ...entries.map(({ size }) => size.length))
  const rows = entries.map(({ name, size }) =>
    `    ${printable(name).padEnd(width)}  ${size.padStart(sizes)}  ${kinds[name] ?? ''}`.trimEnd(),
  )
  return [
    `This removes the cluster in "${printable(path)}" for ever:`,
    `  data directory`,
    ...rows,
    `  machine${unseen === undefined ? '' : `: not looked at, ${unseen}`}`,
    ...(unseen === undefined ? machineRows(machine).map(row => `    ${row}`) : []),
    ...(kept.length === 0 ? [] : [`  It keeps ${shown(kept)}: Bulkhead did not make that, so the folder stays, too.`]),
    ...(joined === undefined
      ? []
      : [
          `  It is node "${printable(joined.nodeName)}" of ${printable(joined.server)}: end it there, too, with "bulkhead node remove ${printable(joined.nodeName)}".`,
        ]),
    ...(keepAudit === undefined ? [] : [`  The audit log is copied to "${printable(keepAudit)}" first.`]),
  ].join('\n')
}

function machineRows({ pods, mounts, networkNamespaces, cgroups, tables, device, addresses, routes }: MachineState): string[] {
  const rows = [
    ...(pods === 0 ? [] : [`pods that still run: ${pods}`]),
    ...(mounts.length === 0 ? [] : [`mounts: ${mounts.length}, of which network namespaces: ${networkNamespaces}`]),
    ...(cgroups.length === 0 ? [] : [`cgroups: ${shown(cgroups)}`]),
    ...(tables.length === 0 ? [] : [`nftables: ${shown(tables)}`]),
    ...(device === undefined ? [] : [`WireGuard interface: ${device}`]),
    ...(addresses.length === 0 ? [] : [`addresses on the loopback interface: ${shown(addresses)}`]),
    ...(routes.length === 0 ? [] : [`routes: ${shown(routes)}`]),
  ]
  return rows.length === 0 ? ['nothing of this cluster'] : rows
}

function shown(names: readonly string[]): string {
  const rest = names.length - maxShown
  return [...names.slice(0, maxShown).map(printable), ...(rest > 0 ? [`${rest} more`] : [])].join(', ')
}
