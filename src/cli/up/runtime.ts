// Where the parts run from. Unprivileged parts must be able to read Node and the bundle. If a clone is below a closed folder (such as
// /root), both are copied into the data directory once per version.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { syncToDisk } from '../../base/files/sync-to-disk.ts'

/** Returns Node and the script with which the parts are started. */
export async function runtimeFor(script: string, dataDirectory: string, unprivileged: boolean): Promise<readonly [string, string]> {
  const node = process.execPath
  const library = join(dataDirectory, 'lib')
  if (!unprivileged || (reachable(node) && reachable(script))) {
    // A copy of an earlier start would stay for ever.
    rmSync(library, { recursive: true, force: true })
    return [node, script]
  }
  const bundle = dirname(script)
  const target = join(library, fingerprint(bundle))
  const copy = [join(target, 'node'), join(target, 'dist', basename(script))] as const
  if (!existsSync(copy[1])) await install(node, bundle, library, target)
  return copy
}

/** Whether every user can read the file and reach its folder. */
function reachable(file: string): boolean {
  if ((statSync(file).mode & 0o004) === 0) return false
  for (let at = dirname(file); ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}

function bundleFiles(bundle: string): string[] {
  return readdirSync(bundle)
    .filter(name => name.endsWith('.js') || name.endsWith('.json'))
    .sort()
}

function fingerprint(bundle: string): string {
  const hash = createHash('sha256').update(process.version)
  for (const name of bundleFiles(bundle))
    hash
      .update(name)
      .update('\0')
      .update(readFileSync(join(bundle, name)))
  return hash.digest('hex').slice(0, 16)
}

/**
 * Written next to the target, synced and renamed, so that no crash leaves an incomplete copy that looks complete. Copies of other versions
 * are removed.
 */
async function install(node: string, bundle: string, library: string, target: string): Promise<void> {
  rmSync(library, { recursive: true, force: true })
  const draft = `${target}.new`
  mkdirSync(join(draft, 'dist'), { recursive: true, mode: 0o755 })
  copyFileSync(node, join(draft, 'node'), constants.COPYFILE_FICLONE)
  chmodSync(join(draft, 'node'), 0o755)
  for (const name of bundleFiles(bundle)) cpSync(join(bundle, name), join(draft, 'dist', name))
  for (const name of readdirSync(join(draft, 'dist'))) chmodSync(join(draft, 'dist', name), 0o644)
  for (const path of [library, draft, join(draft, 'dist')]) chmodSync(path, 0o755)
  for (const path of [draft, ...readdirSync(draft, { recursive: true, encoding: 'utf8' }).map(name => join(draft, name))])
    await syncToDisk(path)
  renameSync(draft, target)
  await syncToDisk(library)
}
