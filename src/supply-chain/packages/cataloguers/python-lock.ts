// What poetry.lock, uv.lock, Pipfile.lock and requirements.txt declare. Of requirements, those that name one version.
import type { Cataloguer } from '../cataloguer.ts'
import { jsonFile, maxJsonFileBytes, membersOf, textOf } from '../json-file.ts'
import type { SoftwarePackage } from '../software-package.ts'
import { tomlPackages } from '../toml-packages.ts'

export const pythonLock: Cataloguer = {
  name: 'python-lock',
  finds: 'declared',
  wish: path =>
    /(?:^|\/)(?:poetry\.lock|uv\.lock|Pipfile\.lock|requirements(?:[._-][\w.-]{0,100})?\.txt)$/.test(path)
      ? { maxBytes: maxJsonFileBytes }
      : undefined,
  read(path, content) {
    const pairs = path.endsWith('Pipfile.lock') ? pipfile(content) : path.endsWith('.txt') ? requirements(content) : toml(content)
    return { packages: [...pairs].map(([name, version]): SoftwarePackage => ({ type: 'pypi', name, version, locations: [`/${path}`] })) }
  },
}

type Pairs = Iterable<readonly [name: string, version: string]>

function* toml(content: Buffer): Generator<readonly [string, string]> {
  // uv lists the project itself with these.
  for (const { name, version, source } of tomlPackages(content.toString('utf8')))
    if (!/^\{ (?:editable|virtual|directory) = /.test(source)) yield [name, version]
}

function pipfile(content: Buffer): Pairs {
  const value = jsonFile(content)
  return ['default', 'develop'].flatMap(group =>
    membersOf(value, group).flatMap(([name, each]) => {
      const version = textOf(each, 'version')
      return version.startsWith('==') ? [[name, version.slice(2)] as const] : []
    }),
  )
}

function* requirements(content: Buffer): Generator<readonly [string, string]> {
  for (const line of content.toString('utf8').split('\n')) {
    if (line.length > 1000) continue
    const [, name = '', version = ''] = /^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])? *===? *([\w.!+-]+)(?: *[;#\\].*| *)$/.exec(line.trim()) ?? []
    if (name !== '') yield [name, version]
  }
}
