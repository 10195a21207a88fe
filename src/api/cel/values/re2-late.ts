// The engine of regular expressions, in its own file, which is loaded with the first pattern.
export { RE2JS, RE2JSException } from 're2js'
