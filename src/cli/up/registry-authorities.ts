// Authorities of private registries, as the node's containerd has them: `<host>/hosts.toml` below its folder of registries names PEM files. The part
// `artifacts` cannot read that folder, so it gets their content when it starts.
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { codeOf, messageOf } from '../../base/user-error.ts'
import { registryMark } from '../../node/machine/registry-hosts.ts'

/** PEM by the host of a registry, such as `registry.example.com:5000`. */
export type RegistryAuthorities = Readonly<Record<string, string>>

const maxHosts = 1000
const maxFileBytes = 1024 * 1024
const maxFiles = 20

/** `warn` gets what cannot be read: that registry is then trusted by the authorities of the machine, as without it. */
export async function readRegistryAuthorities(folder: string, warn: (path: string, problem: string) => void): Promise<RegistryAuthorities> {
  const found: Record<string, string> = {}
  for (const host of (await namesIn(folder)).slice(0, maxHosts)) {
    const path = join(folder, host, 'hosts.toml')
    try {
      // What the node wrote for mirrors has the authorities of those, not of the registry.
      if ((await readIfThere(join(folder, host, registryMark))) !== undefined) continue
      const text = await readIfThere(path)
      const files = text === undefined ? [] : authorityFiles(text)
      const texts = await Promise.all(files.map(file => readBounded(isAbsolute(file) ? file : join(dirname(path), file))))
      if (texts.length > 0) found[host] = texts.join('\n')
    } catch (err) {
      warn(path, messageOf(err))
    }
  }
  return found
}

/** `ca = "a.crt"` and `ca = ["a.crt", "b.crt"]`, of the file and of its hosts (containerd, docs/hosts.md). */
export function authorityFiles(text: string): string[] {
  const found = text.split('\n').flatMap(line => {
    const [, value = ''] = /^\s*ca\s*=\s*(.*)$/.exec(line) ?? []
    return [...value.matchAll(/"([^"\\]*)"|'([^']*)'/g)].map(([, double, single]) => double ?? single ?? '')
  })
  return [...new Set(found.filter(file => file !== ''))].slice(0, maxFiles)
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder, { withFileTypes: true })).filter(entry => entry.isDirectory()).map(({ name }) => name)
  } catch (err) {
    // A cluster without a node on this machine, or one that has not started yet.
    if (codeOf(err) === 'ENOENT') return []
    throw err
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readBounded(path)
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return undefined
    throw err
  }
}

async function readBounded(path: string): Promise<string> {
  const { size } = await stat(path)
  if (size > maxFileBytes) throw new Error(`"${path}" has ${size} bytes, at most ${maxFileBytes} are read`)
  return await readFile(path, 'utf8')
}
