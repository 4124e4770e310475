// What goes out before any screen is as much as defined: the texts, who is in and what the deployment is for him, the
// event stream, the rows that the address asks for.
import { boot } from './core/session.ts';
import { startTheme } from './core/theme.ts';

startTheme();
void boot();
