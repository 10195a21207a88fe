// Modules of programs that Go built: the build information in the binary (Go, debug/buildinfo; strings inline since Go 1.18).
import type { Cataloguer } from '../cataloguer.ts'
import { elfMagic } from '../elf.ts'
import type { SoftwarePackage } from '../software-package.ts'

/** Programs as large as Kubernetes' have half of it. */
export const maxBinaryBytes = 256 * 1024 * 1024
const magic = Buffer.from('\xff Go buildinf:', 'latin1')
const headerBytes = 32
const alignment = 16
const isInline = 2
/** The text of all modules of a program. */
export const maxBuildInfoBytes = 4 * 1024 * 1024
/** Around the module text, so that tools find it in older binaries. */
const sentinelBytes = 16

export const golang: Cataloguer = {
  name: 'golang',
  finds: 'installed',
  wish: (_, { mode }) => ((mode & 0o111) === 0 ? undefined : { maxBytes: maxBinaryBytes, beginsWith: [elfMagic] }),
  read(path, content) {
    const info = readBuildInfo(content)
    return { packages: info === undefined ? [] : modulesOf(info, `/${path}`) }
  },
}

export interface BuildInfo {
  /** Such as `go1.24.1`. */
  readonly goVersion: string
  /** Lines of names and values with tabs. */
  readonly modules: string
}

/** Undefined if Go did not build the file, or before 1.18. */
export function readBuildInfo(file: Buffer): BuildInfo | undefined {
  for (let at = file.indexOf(magic); at >= 0; at = file.indexOf(magic, at + 1)) {
    // Programs that read build information have the magic in their code too.
    if (at % alignment !== 0 || at + headerBytes > file.length || ((file[at + 15] ?? 0) & isInline) === 0) continue
    const version = inlineText(file, at + headerBytes)
    const modules = version === undefined ? undefined : inlineText(file, version.end)
    if (version === undefined || modules === undefined || !version.text.startsWith('go')) continue
    return { goVersion: version.text, modules: modules.text.length < 2 * sentinelBytes ? '' : withoutSentinels(file, modules) }
  }
  return undefined
}

interface InlineText {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** A varint with the length, then the bytes. */
function inlineText(file: Buffer, at: number): InlineText | undefined {
  let length = 0
  let start = at
  for (let shift = 0; ; shift += 7) {
    const byte = file[start++]
    if (byte === undefined || shift > 21) return undefined
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  if (length > maxBuildInfoBytes || start + length > file.length) return undefined
  return { text: file.toString('utf8', start, start + length), start, end: start + length }
}

const withoutSentinels = (file: Buffer, { start, end }: InlineText): string =>
  file.toString('utf8', start + sentinelBytes, end - sentinelBytes)

/** The standard library, the main module unless it has no version, and its dependencies, each as it was replaced. */
export function modulesOf({ goVersion, modules }: BuildInfo, location: string): SoftwarePackage[] {
  const found: { path: string; version: string }[] = []
  // `go1.24.1 X:nocoverageredesign` names an experiment.
  const [release = ''] = goVersion.slice(2).split(/[ -]/, 1)
  if (/^\d[\w.+]*$/.test(release)) found.push({ path: 'stdlib', version: release })
  for (const line of modules.split('\n')) {
    const [kind, path = '', version = ''] = line.split('\t')
    if (kind === 'mod' || kind === 'dep') found.push({ path, version })
    else if (kind === '=>') found.splice(-1, 1, { path, version })
  }
  return found
    .filter(({ path, version }) => path !== '' && version !== '' && version !== '(devel)')
    .map(({ path, version }) => ({ type: 'golang', name: path, version, locations: [location] }))
}
