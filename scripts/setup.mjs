import { setUp } from './build.mjs'

setUp()
