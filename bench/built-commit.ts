// Another commit of this repository, checked out beside it and built.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface BuiltCommit extends Disposable {
  readonly tree: string
}

/** `node_modules` is this tree's own: a commit with other dependencies cannot be compared so. */
export function buildCommit(root: string, commit: string): BuiltCommit {
  const tree = join(mkdtempSync(join(tmpdir(), 'bulkhead-bench-')), 'tree')
  run('git', ['-C', root, 'worktree', 'add', '--quiet', '--detach', tree, commit])
  try {
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
    run(process.execPath, [join(tree, 'tools/build.mjs')])
  } catch (err) {
    remove(root, tree)
    throw err
  }
  return { tree, [Symbol.dispose]: () => remove(root, tree) }
}

function remove(root: string, tree: string): void {
  run('git', ['-C', root, 'worktree', 'remove', '--force', tree])
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`)
}
