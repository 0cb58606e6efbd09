// A second file, for which runners load the library again.
require('./echo.test.js');
