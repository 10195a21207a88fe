// `bulkhead where`: every running container with a package, or with an advisory's packages, as the API server answers with the rights of the user.
import { Client } from '../../client/client.ts'
import type { WhereList } from '../../server/paths/software/where-path.ts'
import { findKubeconfig } from '../connection/find-kubeconfig.ts'
import { reachCluster } from '../connection/reach-cluster.ts'
import { printableJson } from '../terminal/printable.ts'
import { textTable } from '../terminal/text-table.ts'

export interface WhereFlags {
  readonly dataDir?: string
  readonly kubeconfig?: string
  readonly output?: 'text' | 'json'
}

export interface Printing {
  readonly print: (text: string) => void
  /** For what is no part of the output. */
  readonly warn: (text: string) => void
}

const shownUnread = 5

/** Returns the exit code: 0 if a container has it, 1 if none has. */
export async function where(flags: WhereFlags, wanted: string, { print, warn }: Printing, signal: AbortSignal): Promise<number> {
  const found = await findKubeconfig(flags)
  await using transport = reachCluster(found, 'bulkhead-where')
  const list = await new Client(transport).getPath<WhereList>(`/bulkhead/v1/where?${new URLSearchParams({ package: wanted })}`, signal)
  if (flags.output === 'json') print(printableJson(list))
  else for (const line of whereLines(list, wanted)) print(line)
  const { unread, more } = list
  if (unread.length > 0) {
    const shown = unread.slice(0, shownUnread).join(', ')
    warn(
      `bulkhead: of what runs, images that have not been read may have it too (${unread.length}): ${shown}${unread.length > shownUnread ? ', …' : ''}`,
    )
  }
  if (more > 0) warn(`bulkhead: ${more} more are not shown: ask for a version`)
  return list.items.length > 0 ? 0 : 1
}

export function whereLines({ items }: Pick<WhereList, 'items'>, wanted: string): string[] {
  if (items.length === 0) return [`No running container has "${wanted}", as far as you may list pods`]
  const rows = items.map(({ namespace, pod, container, packages, node, image }) => [
    ...[namespace, pod, container, packages.join(', '), node === '' ? '-' : node, image],
  ])
  return [...textTable(['NAMESPACE', 'POD', 'CONTAINER', 'PACKAGE', 'NODE', 'IMAGE'], rows)]
}
