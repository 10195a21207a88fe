// Formats the status as text.

import type { ComponentFinding } from '../../supply-chain/components/component-findings.ts'
import { tableDate } from '../../supply-chain/components/known-weaknesses.ts'
import { printable } from '../terminal/printable.ts'
import { breakGlassText } from './break-glass.ts'
import { defaultsCommand } from './namespaces-without-defaults.ts'
import { policyText } from './policy-facts.ts'
import type { Status } from './status.ts'

type Cell = string | number

const loud: ReadonlySet<string> = new Set(['failed', 'off'])

/** The same of several nodes is listed once for each. */
function componentSection(nodes: Status['nodes']): string[] {
  const rows = nodes.flatMap(({ name: node, components }) =>
    components.map(({ name, package: from, sha256, weaknesses, findings }) => [
      node,
      name,
      from === undefined ? '-' : `${from.name} ${from.version}`,
      sha256.slice(0, 12),
      findings === undefined ? weaknessText(weaknesses) : findingsText(findings),
    ]),
  )
  return rows.length === 0
    ? []
    : [
        section(`Programs of nodes (weaknesses by the imported advisories, else by a short table of ${tableDate})`, [
          ['NODE', 'NAME', 'PACKAGE', 'SHA256', ''],
          ...rows,
        ]),
      ]
}

const weaknessText = (weaknesses: readonly string[]): string =>
  weaknesses.length === 0 ? '' : `upstream's version has ${weaknesses.join(', ')}`

const shownFindings = 5

function findingsText(findings: readonly ComponentFinding[]): string {
  if (findings.length === 0) return 'no known weakness'
  const shown = findings
    .slice(0, shownFindings)
    .map(
      ({ advisory, severity, fixedVersion }) =>
        `${advisory} (${severity}${fixedVersion === undefined ? '' : `, fixed in ${fixedVersion}`})`,
    )
  return `has ${shown.join(', ')}${findings.length > shown.length ? ` and ${findings.length - shown.length} more` : ''}`
}

const packageText = ({ build, version, keyId }: NonNullable<Status['package']>): string =>
  build === 'release'
    ? `${version}, its files are those that the release's key ${keyId} signed`
    : `${version}, development build: its files are unchanged since it was packed, by whomever`

export function formatStatus(status: Status): string {
  const { versions, store, audit, problems, exceptions, namespacesWithoutDefaults: bare } = status
  const sections = [
    section('Cluster', [
      ['API', status.server],
      ['data', status.dataDirectory],
      ['profile', status.profile === 'secure' ? 'secure' : `${status.profile}: secure defaults are OFF`],
      ...(status.package === undefined ? [] : [['package', packageText(status.package)]]),
      ['versions', `Bulkhead ${versions.bulkhead}, Kubernetes API ${versions.kubernetes ?? 'unknown'}, Node ${versions.node}`],
    ]),
    section('Parts', [
      ['NAME', 'STATE', 'PID', 'USER', 'MEMORY', 'RESTARTS', 'UPTIME'],
      ...status.parts.map(({ name, state, pid, userId, memoryBytes, restarts, uptimeSeconds, lastExit }) => [
        name,
        lastExit === undefined ? state : `${state} (last: ${lastExit})`,
        pid ?? '-',
        userId,
        formatBytes(memoryBytes),
        restarts,
        formatDuration(uptimeSeconds),
      ]),
    ]),
    section(
      'Nodes',
      status.nodes.length === 0
        ? [['none']]
        : status.nodes.map(({ name, ready, runtime, networkPolicies }) => [
            name,
            ready ? 'Ready' : 'NotReady',
            runtime,
            policyText(networkPolicies),
          ]),
    ),
    ...componentSection(status.nodes),
    ...(status.filePolicies.length === 0
      ? []
      : [
          section(
            'Policies that the API cannot change',
            status.filePolicies.map(({ name, file }) => [name, file]),
          ),
        ]),
    ...(exceptions.length === 0
      ? []
      : [
          section('Pod Security exceptions', [
            ['NAME', 'STATE', 'OWNER', 'ALLOWS', 'REASON'],
            ...exceptions.map(({ name, expired, endedBy, expires, owner, checks, fields, reason }) => [
              name,
              expired ? `ended ${expires}${endedBy === undefined ? '' : ` by proof ${endedBy}`}` : `until ${expires}`,
              owner,
              fields.length === 0 ? checks.join(', ') : `${checks.join(', ')} of ${fields.join(', ')}`,
              reason,
            ]),
          ]),
        ]),
    ...(bare.length === 0
      ? []
      : [
          section('Namespaces without the defaults of new namespaces', [
            [bare.join(', ')],
            [`to add them, after NetworkPolicies allow what their pods need: ${defaultsCommand(bare)}`],
          ]),
        ]),
    ...(status.configurations.length === 0
      ? []
      : [
          section(
            'Access configuration files (reloaded when they change)',
            status.configurations.map(({ kind, hash, since }) => [kind, `${hash.slice(0, 23)}…`, `since ${since}`]),
          ),
        ]),
    section('Certificates', [
      ...status.certificates.map(({ use, subject, until }) => [use, subject, `until ${until}`]),
      ['break-glass', breakGlassText(status.breakGlass)],
    ]),
    section('Store', [
      ['revision', store.revision ?? 'unknown'],
      ['objects at start', store.objects ?? 'unknown'],
      ['on disk', formatBytes(store.bytesOnDisk)],
    ]),
    section(
      'Audit log',
      audit === undefined
        ? [['not readable by this user']]
        : [
            ['size', `${formatBytes(audit.bytes)} in ${audit.files} ${audit.files === 1 ? 'file' : 'files'}`],
            [
              'checkpoint',
              audit.checkpoint === undefined ? 'none yet' : `${audit.checkpoint.size} records, ${audit.checkpoint.root.slice(0, 16)}…`,
            ],
            ...audit.alarms.map(({ name, message, since }) => ['ALARM', `${name}: ${message}, since ${since}`]),
          ],
    ),
    section(
      'Enforced',
      status.controls.map(({ name, state, note, results }) => [
        loud.has(state) ? state.toUpperCase() : state,
        name,
        [...(state === 'off' ? [] : results), note].filter(text => text !== '').join('; '),
      ]),
    ),
    ...(problems.length === 0
      ? []
      : [
          section(
            'Problems',
            problems.map(text => [text]),
          ),
        ]),
  ]
  return sections.join('\n\n')
}

function section(title: string, cells: readonly (readonly Cell[])[]): string {
  const widths: number[] = []
  const rows = cells.map(row => row.map(cell => printable(String(cell))))
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  const lines = rows.map(row => `  ${row.map((cell, at) => cell.padEnd(at === row.length - 1 ? 0 : (widths[at] ?? 0))).join('  ')}`)
  return [title, ...lines].join('\n')
}

export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined) return 'unknown'
  const mebibytes = bytes / 2 ** 20
  return mebibytes < 1 ? `${Math.ceil(bytes / 1024)} KiB` : `${mebibytes.toFixed(1)} MiB`
}

/** In the format of ages in kubectl. */
export function formatDuration(seconds: number | undefined): string {
  if (seconds === undefined) return 'unknown'
  if (seconds < 120) return `${seconds}s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}
