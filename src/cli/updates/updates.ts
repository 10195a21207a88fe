// `bulkhead updates`: newer images of what runs, with the difference of known vulnerabilities, and the patch for the workload.
import { parseImageReference } from '../../api/image-reference.ts'
import { writeJson } from '../../base/write-json.ts'
import { Client } from '../../client/client.ts'
import type { ProposedUpdate, UpdateList } from '../../server/paths/software/updates-path.ts'
import { findKubeconfig } from '../connection/find-kubeconfig.ts'
import { reachCluster } from '../connection/reach-cluster.ts'
import { printableJson, printableLines } from '../terminal/printable.ts'
import { textTable } from '../terminal/text-table.ts'
import type { Printing, WhereFlags } from '../where/where.ts'

export interface UpdatesFlags extends Omit<WhereFlags, 'output'> {
  readonly output?: 'text' | 'json' | 'patch'
}

const shownIds = 3

/** Returns the exit code: 0 if nothing is proposed, 1 if something is. */
export async function updates(flags: UpdatesFlags, { print }: Pick<Printing, 'print'>, signal: AbortSignal): Promise<number> {
  const found = await findKubeconfig(flags)
  await using transport = reachCluster(found, 'bulkhead-updates')
  const list = await new Client(transport).getPath<UpdateList>('/bulkhead/v1/updates', signal)
  if (flags.output === 'json') print(printableJson(list))
  else if (flags.output === 'patch') print(printableLines(list.items.map(patchText).join('---\n').trimEnd()))
  else for (const line of updateLines(list.items)) print(line)
  return list.items.length === 0 ? 0 : 1
}

export function updateLines(items: readonly ProposedUpdate[]): string[] {
  if (items.length === 0) return ['No newer image with fewer known vulnerabilities is known for what you may list']
  const rows = items.map(({ reference, image, current, remaining, fixed = [], added = [], running }) => [
    reference,
    newTag(image),
    `${current} -> ${remaining}`,
    some(fixed),
    some(added),
    [...new Set(running.map(({ namespace, pod }) => `${namespace}/${pod}`))].slice(0, shownIds).join(','),
  ])
  return textTable(['RUNNING', 'PROPOSED', 'FINDINGS', 'FIXES', 'BRINGS', 'PODS'], rows)
}

const some = (ids: readonly string[]): string =>
  ids.length === 0 ? '-' : `${ids.slice(0, shownIds).join(',')}${ids.length > shownIds ? ` and ${ids.length - shownIds} more` : ''}`

function newTag(image: string): string {
  const { tag = '', digest = '' } = parseImageReference(image) ?? {}
  return `${tag}@${digest.slice(0, 19)}…`
}

/** A strategic merge patch for the workload of each container that runs the image. */
export function patchText({ reference, image, running }: ProposedUpdate): string {
  const containers = [...new Set(running.map(({ container }) => container))]
  const of = [...new Set(running.map(({ namespace, pod }) => `${namespace}/${pod}`))].slice(0, shownIds).join(', ')
  return [
    `# ${reference}, which runs in ${of}`,
    'spec:',
    '  template:',
    '    spec:',
    '      containers:',
    ...containers.flatMap(name => [`        - name: ${writeJson(name)}`, `          image: ${writeJson(image)}`]),
    '',
  ].join('\n')
}
