// Installed gems of Ruby: `specifications/NAME-VERSION.gemspec`, as RubyGems writes it. It is a program, of which only assignments are read.
import { UserError } from '../../../base/user-error.ts'
import type { Cataloguer } from '../cataloguer.ts'

const maxGemspecBytes = 1024 * 1024

export const gem: Cataloguer = {
  name: 'gem',
  finds: 'installed',
  wish: path => (/(?:^|\/)specifications\/(?:default\/)?[^/]+\.gemspec$/.test(path) ? { maxBytes: maxGemspecBytes } : undefined),
  read(path, content) {
    const text = content.toString('utf8')
    const [name, version] = [assigned(text, 'name'), assigned(text, 'version')]
    if (name === undefined || version === undefined) throw new UserError('It assigns no name and version as RubyGems writes them')
    const [, list = ''] = /^ {0,8}s\.licenses = \[([^\]\n]{0,1000})\]/m.exec(text) ?? []
    const licenses = [...list.matchAll(/"([^"\n]{1,100})"/g)].flatMap(([, license]) => license ?? [])
    return { packages: [{ type: 'gem', name, version, ...(licenses.length === 0 ? {} : { licenses }), locations: [`/${path}`] }] }
  },
}

/** `s.name = "rake".freeze`, or `Gem::Version.new "1"` in older files. */
function assigned(text: string, field: 'name' | 'version'): string | undefined {
  return new RegExp(`^ {0,8}s\\.${field} = (?:Gem::Version\\.new[ (])?"([^"\\n]{1,512})"`, 'm').exec(text)?.[1]
}
