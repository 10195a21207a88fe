// What a kustomization reads: looked at before kustomize runs, which opens whatever a path names and fetches whatever a URL does.
import { type Dirent, readdirSync, statSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { isRecord } from '../../api/schema/compile.ts'
import { readYaml, YamlError } from '../../api/schema/yaml.ts'
import { cannotRead, codeOf, UserError } from '../../base/user-error.ts'
import { maxFileBytes, readRegularFile } from './regular-file.ts'

const kustomizationFiles: readonly string[] = ['kustomization.yaml', 'kustomization.yml', 'Kustomization']
export const maxKustomizationBytes = 1024 * 1024
/** Kustomizations that one leads to, itself included. */
export const maxKustomizations = 1000
/** Entries name files, folders, or repositories elsewhere; those of the first list may also be an object, as YAML of several lines. */
const inlineOrSource = ['generators', 'transformers', 'validators', 'patchesStrategicMerge']
const sources = ['resources', 'bases', 'components', ...inlineOrSource]
const files = ['configurations', 'crds']
/** Their entries have a `path`. */
const withPath = ['patches', 'patchesJson6902', 'replacements']
const generators = ['configMapGenerator', 'secretGenerator']
/**
 * What kustomize takes for a URL or a repository even where a file has that name: a scheme, a user, `host:path`, a query (`?ref=`), GitHub without a scheme.
 * A Windows path with its drive letter is none.
 */
const repository = /^(?:[a-z][a-z0-9+.-]+:|[^/]*@|(?:www\.)?github\.com(?:[/:]|$))|\?|::/i
const url = /^https?:/i

/** The kustomization among a folder's entries. */
export const kustomizationOf = (entries: readonly Dirent[]): Dirent | undefined =>
  entries.find(({ name }) => kustomizationFiles.includes(name))

/** The kustomization of a folder that has one. */
export const kustomizationPath = (folder: string): string => join(folder, kustomizationOf(entriesOf(folder))?.name ?? '')

/** A component is a part of others, and built only with them. */
export const isComponent = (path: string): boolean =>
  /^kind:\s*["']?Component\b/m.test(readRegularFile(path, { maxBytes: maxKustomizationBytes }))

/**
 * The files that a kustomization reads, with those of the kustomizations that it leads to. Throws a `UserError` for what would be fetched from elsewhere, and for a
 * file that is not regular or is larger than the bound. What is not there, or is no kustomization, is left to kustomize, which says so.
 */
export function localInputs(folder: string): string[] {
  const read: string[] = []
  const seen = new Set<string>()
  const waiting = [folder]
  for (let current = waiting.pop(); current !== undefined; current = waiting.pop()) {
    if (seen.has(resolve(current))) continue
    seen.add(resolve(current))
    if (seen.size > maxKustomizations) throw new UserError(`"${folder}" leads to more than ${maxKustomizations} kustomizations`)
    for (const { field, name, fetched } of inputsOf(current)) {
      if (fetched.test(name)) throw new UserError(refusal(current, field, name))
      const path = isAbsolute(name) ? name : join(current, name)
      const stat = statIfThere(path)
      if (stat === undefined) continue
      if (stat.isDirectory()) waiting.push(path)
      else if (!stat.isFile()) throw new UserError(`Cannot read "${path}", which ${field} of "${current}" names: it is not a regular file`)
      else if (stat.size > maxFileBytes) throw new UserError(`"${path}" has ${stat.size} bytes, at most ${maxFileBytes} are read`)
      else read.push(path)
    }
  }
  return read
}

const refusal = (folder: string, field: string, name: string): string =>
  `Cannot build "${folder}": ${field} names "${name}", which is not on this machine; with --allow-remote kustomize fetches it`

interface Input {
  readonly field: string
  readonly name: string
  /** Which names kustomize would fetch. */
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
