import { defineCheck, failure, notApplicable, ok, type Verdict, worst } from '../check.ts'
import type { FileFacts, Machine } from '../machine.ts'

export interface Entry extends FileFacts {
  readonly path: string
  /** Bits that it may not have. */
  readonly forbidden: number
  /** Of the folder that has it. */
  readonly folderOwner: number
}

interface Facts {
  readonly entries: readonly Entry[]
}

const groupAndOthers = 0o077
const writers = 0o022
/** A folder of keys has a dozen files. */
const maxFiles = 1000

export const dataRights = defineCheck<Facts>({
  id: 'data-rights',
  group: 'Data directory',
  title: 'owners and modes',
  reads: 'owner and mode of the data directory, of the folders of parts, and of every file with a key',
  read: machine => ({ entries: entriesOf(machine) }),
  evaluate({ entries }) {
    if (entries.length === 0) return notApplicable('not there yet')
    return worst([ok(''), ...entries.flatMap(verdictOf)], `${entries.length} files and folders as they should be`)
  },
})

function verdictOf({ path, kind, mode, owner, forbidden, folderOwner }: Entry): Verdict[] {
  const excess = mode & forbidden
  return [
    ...(kind === 'link' ? [failure(`"${path}" is a link`, `readlink -f ${path}   # move what it leads to there`)] : []),
    ...(kind !== 'link' && excess !== 0
      ? [
          failure(
            `"${path}" has mode 0${mode.toString(8)}: others ${(excess & 0o044) === 0 ? 'may change it' : 'may read it'}`,
            `chmod go-rwx ${path}`,
          ),
        ]
      : []),
    ...(owner === folderOwner
      ? []
      : [failure(`"${path}" belongs to user ${owner}, its folder to ${folderOwner}`, `chown ${folderOwner}:${folderOwner} ${path}`)]),
  ]
}

function entriesOf(machine: Machine): Entry[] {
  const { directory, node } = machine
  const top = machine.file(directory.path)
  if (top === undefined) return []
  const found = (path: string, forbidden: number, folderOwner?: number): Entry[] => {
    const facts = machine.file(path)
    return facts === undefined ? [] : [{ ...facts, path, forbidden, folderOwner: folderOwner ?? facts.owner }]
  }
  const folders = [directory.signer, directory.server, directory.controllers, directory.dns, directory.artifacts, directory.node]
  // Only root and the part may look into its folder; of others the report says that they are not seen.
  const keys = [directory.signer, node.pki].flatMap(folder => {
    const owner = machine.file(folder)?.owner
    return filesIn(machine, folder).flatMap(path => found(path, path.endsWith('.crt') ? writers : groupAndOthers, owner))
  })
  const access = [`${directory.path}/admin.pem`, directory.kubeconfig, directory.breakGlass]
  return [
    ...found(directory.path, writers),
    ...folders.flatMap(path => found(path, groupAndOthers)),
    ...access.flatMap(path => found(path, groupAndOthers, top.owner)),
    ...keys,
  ]
}

const filesIn = (machine: Machine, folder: string): string[] =>
  machine
    .names(folder)
    .slice(0, maxFiles)
    .map(name => `${folder}/${name}`)
    .filter(path => machine.file(path)?.kind !== 'folder')
