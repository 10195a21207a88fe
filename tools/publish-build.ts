// Where builds lie: each in a folder of its own within dist/, named after what is in it, with entry points beside them that lead to the newest. A cluster
// that runs from this clone loads parts of its build late, so a new build does not take the files of those before away from it.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** In addition to those in command lines: a supervisor, and a program that has imported the library, name none. */
const keptBuilds = 3
const entries = { 'cli.js': (path: string) => `import '${path}'\n`, 'index.js': (path: string) => `export * from '${path}'\n` }

/** Moves a finished build into `dist`, and removes builds that no process needs. `now` is in seconds. */
export function publishBuild(draft: string, dist: string, commandLines: readonly string[], now: number): void {
  const name = fingerprint(draft)
  const folder = join(dist, name)
  mkdirSync(dist, { recursive: true })
  if (existsSync(folder)) rmSync(draft, { recursive: true })
  else renameSync(draft, folder)
  utimesSync(folder, now, now)
  // Renamed: a process that starts meanwhile finds the old one or the new one.
  for (const [file, text] of Object.entries(entries)) {
    writeFileSync(join(dist, `${file}.new`), text(`./${name}/${file}`))
    renameSync(join(dist, `${file}.new`), join(dist, file))
  }
  writeFileSync(join(dist, 'package.json'), '{"type":"module"}\n')
  const kept = new Set([...Object.keys(entries), 'package.json', ...wantedBuilds(dist, commandLines)])
  for (const found of readdirSync(dist)) if (!kept.has(found)) rmSync(join(dist, found), { recursive: true })
}

/** The names of the newest builds and of those of running processes. */
function wantedBuilds(dist: string, commandLines: readonly string[]): string[] {
  const builds = readdirSync(dist).filter(name => /^[0-9a-f]{16}$/.test(name))
  const madeAt = new Map(builds.map(name => [name, statSync(join(dist, name)).mtimeMs]))
  builds.sort((a, b) => (madeAt.get(b) ?? 0) - (madeAt.get(a) ?? 0))
  return builds.filter((name, index) => index < keptBuilds || commandLines.some(line => line.includes(`/${basename(dist)}/${name}/`)))
}

/** Equal for equal files, so that a repeated build changes nothing. */
function fingerprint(folder: string): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(folder).sort()) hash.update(`${name}\0`).update(readFileSync(join(folder, name)))
  return hash.digest('hex').slice(0, 16)
}

/** Of all processes of this machine; empty without /proc. */
export function runningCommandLines(): string[] {
  if (!existsSync('/proc/self/cmdline')) return []
  return readdirSync('/proc').flatMap(pid => {
    if (!/^\d+$/.test(pid)) return []
    try {
      return [readFileSync(join('/proc', pid, 'cmdline'), 'utf8')]
    } catch (err) {
      // It has ended.
      if (err instanceof Error && 'code' in err && (err.code === 'ENOENT' || err.code === 'ESRCH')) return []
      throw err
    }
  })
}
