// Shows the UI. What is exported here is the public kit of modules; ui/sdk/1.js passes it on under a lasting name.
import './boot.ts';
import './screens/app.ts';
import { startKeys } from './core/keys.ts';
import { start as startRouter } from './core/router.ts';

export { LitElement, css, html, nothing, svg } from 'lit';
export { host } from './core/host.ts';

startRouter();
startKeys();
