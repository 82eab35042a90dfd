<?php
// Leads PHP's own web server to MediaWiki's API, wherever MediaWiki lies.

const CODE = '/usr/share/mediawiki';

if ( parse_url( $_SERVER['REQUEST_URI'], PHP_URL_PATH ) !== '/w/api.php' ) {
	http_response_code( 404 );
	echo "Only /w/api.php is served here.\n";
	return true;
}
define( 'MW_CONFIG_FILE', getenv( 'MW_CONFIG_FILE' ) );
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/w/api.php';
chdir( CODE );
require CODE . '/api.php';
