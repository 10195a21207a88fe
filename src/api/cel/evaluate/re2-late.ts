// The engine of regular expressions, in a file of its own that is loaded with the first pattern.
export { RE2JS, RE2JSException } from 're2js'
