// What yarn.lock declares: version 1, and the YAML of Yarn 2 and later. Both have one value a line.
import type { Cataloguer } from '../cataloguer.ts'
import { maxJsonFileBytes } from '../json-file.ts'
import { npmPackage } from '../npm-package.ts'
import type { SoftwarePackage } from '../software-package.ts'

export const yarnLock: Cataloguer = {
  name: 'yarn-lock',
  finds: 'declared',
  wish: path => (/(?:^|\/)yarn\.lock$/.test(path) && !path.includes('node_modules/') ? { maxBytes: maxJsonFileBytes } : undefined),
  read(path, content) {
    const packages: SoftwarePackage[] = []
    let name = ''
    for (const line of content.toString('utf8').split('\n')) {
      if (line !== '' && !line.startsWith(' ') && !line.startsWith('#')) name = nameOf(line)
      const version = line.startsWith('  version')
        ? line
            .slice('  version'.length)
            .replace(/^[: ]*"?/, '')
            .replace(/"?\s*$/, '')
        : ''
      if (name === '' || version === '') continue
      // Yarn 2 and later list the project's own workspaces with this version.
      if (version !== '0.0.0-use.local') packages.push(npmPackage(name, version, `/${path}`))
      name = ''
    }
    return { packages }
  },
}

/** `"@scope/a@^1", a@npm:2:` begins with the name; an alias `a@npm:b@1` is the package b. */
function nameOf(line: string): string {
  const [first = ''] = line.replace(/^"/, '').split(/[",]/, 1)
  const at = first.indexOf('@', 1)
  if (at < 0) return ''
  const alias = /@npm:((?:@[^/@]{1,214}\/)?[^@]{1,214})@/.exec(first.slice(at))
  return alias?.[1] ?? first.slice(0, at)
}
