// Lists what a kustomization reads before kustomize runs, because kustomize opens any path and downloads any URL.
import { type Dirent, readdirSync, statSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { isRecord } from '../../api/schema/compile.ts'
import { readYaml, YamlError } from '../../api/schema/yaml.ts'
import { cannotRead, codeOf, UserError } from '../../base/user-error.ts'
import { maxFileBytes, readRegularFile } from './regular-file.ts'

const kustomizationFiles: readonly string[] = ['kustomization.yaml', 'kustomization.yml', 'Kustomization']
export const maxKustomizationBytes = 1024 * 1024
/** Limit of kustomizations that one refers to, itself included. */
export const maxKustomizations = 1000
/** Entries are files, folders or remote repositories; those in the first list may also be an inline object, as YAML of several lines. */
const inlineOrSource = ['generators', 'transformers', 'validators', 'patchesStrategicMerge']
const sources = ['resources', 'bases', 'components', ...inlineOrSource]
const files = ['configurations', 'crds']
/** Entries have a `path`. */
const withPath = ['patches', 'patchesJson6902', 'replacements']
const generators = ['configMapGenerator', 'secretGenerator']
/**
 * What kustomize treats as a URL or repository even if a file has that name: a scheme, a user, `host:path`, a query (`?ref=`), GitHub
 * without a scheme. A Windows path with its drive letter does not count.
 */
const repository = /^(?:[a-z][a-z0-9+.-]+:|[^/]*@|(?:www\.)?github\.com(?:[/:]|$))|\?|::/i
const url = /^https?:/i

/** The kustomization file among the entries of a folder. */
export const kustomizationOf = (entries: readonly Dirent[]): Dirent | undefined =>
  entries.find(({ name }) => kustomizationFiles.includes(name))

/** The path of the kustomization file of a folder that has one. */
export const kustomizationPath = (folder: string): string => join(folder, kustomizationOf(entriesOf(folder))?.name ?? '')

/** A component is built only as part of a kustomization. */
export const isComponent = (path: string): boolean =>
  /^kind:\s*["']?Component\b/m.test(readRegularFile(path, { maxBytes: maxKustomizationBytes }))

/**
 * The files that a kustomization and those that it refers to read. Throws a `UserError` for remote sources, irregular files and files above
 * the size limit. Missing or invalid files are left to kustomize, which reports them.
 */
export function localInputs(folder: string): string[] {
  const read: string[] = []
  const seen = new Set<string>()
  const waiting = [folder]
  for (let current = waiting.pop(); current !== undefined; current = waiting.pop()) {
    if (seen.has(resolve(current))) continue
    seen.add(resolve(current))
    if (seen.size > maxKustomizations) throw new UserError(`"${folder}" refers to more than ${maxKustomizations} kustomizations`)
    for (const { field, name, fetched } of inputsOf(current)) {
      if (fetched.test(name)) throw new UserError(refusal(current, field, name))
      const path = isAbsolute(name) ? name : join(current, name)
      const stat = statIfThere(path)
      if (stat === undefined) continue
      if (stat.isDirectory()) waiting.push(path)
      else if (!stat.isFile()) throw new UserError(`Cannot read "${path}", named by ${field} of "${current}": it is not a regular file`)
      else if (stat.size > maxFileBytes) throw new UserError(`"${path}" has ${stat.size} bytes, the limit is ${maxFileBytes}`)
      else read.push(path)
    }
  }
  return read
}

const refusal = (folder: string, field: string, name: string): string =>
  `Cannot build "${folder}": ${field} names the remote source "${name}"; with --allow-remote kustomize downloads it`

interface Input {
  readonly field: string
  readonly name: string
  /** Names that kustomize would download. */
  readonly fetched: RegExp
}

function inputsOf(folder: string): Input[] {
  const entry = kustomizationOf(entriesOf(folder))
  if (entry === undefined) return []
  const value = yamlValue(readRegularFile(join(folder, entry.name), { maxBytes: maxKustomizationBytes }))
  if (!isRecord(value)) return []
  const fileInput = (field: string) => (name: string) => ({ field, name, fetched: url })
  return [
    ...sources.flatMap(field => namesIn(value[field], field).map(name => ({ field, name, fetched: repository }))),
    ...files.flatMap(field => namesIn(value[field], field).map(fileInput(field))),
    ...withPath.flatMap(field => namesIn(membersOf(value[field], 'path'), field).map(fileInput(field))),
    ...generators.flatMap(field =>
      ['files', 'envs', 'env'].flatMap(member =>
        namesIn(membersOf(value[field], member), field).map(text => fileInput(field)(text.slice(text.indexOf('=') + 1))),
      ),
    ),
    ...namesIn(membersOf([value['openapi']], 'path'), 'openapi').map(fileInput('openapi')),
  ]
}

const membersOf = (list: unknown, member: string): unknown[] =>
  Array.isArray(list) ? list.flatMap((item: unknown) => (isRecord(item) ? item[member] : [])) : []

function namesIn(list: unknown, field: string): string[] {
  const names = Array.isArray(list) ? list.filter(name => typeof name === 'string') : []
  return inlineOrSource.includes(field) ? names.filter(name => !name.includes('\n')) : names
}

function yamlValue(text: string): unknown {
  try {
    return readYaml(text).value
  } catch (err) {
    if (err instanceof YamlError) return undefined
    throw err
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  } catch (err) {
    throw cannotRead(folder, err)
  }
}

function statIfThere(path: string): ReturnType<typeof statSync> | undefined {
  try {
    return statSync(path)
  } catch (err) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'].includes(codeOf(err))) return undefined
    throw cannotRead(path, err)
  }
}
