<?php
// The settings of the demo wiki as MediaWiki. Everything it writes stays in its own folder.

$demo = json_decode( file_get_contents( __DIR__ . '/demo.json' ), true );

$wgSitename = 'Wikipedia';
$wgMetaNamespace = 'Wikipedia';
$wgServer = 'http://' . ( $_SERVER['HTTP_HOST'] ?? '127.0.0.1' );
$wgScriptPath = '/w';
$wgArticlePath = '/wiki/$1';
$wgLanguageCode = 'en';
$wgLocaltimezone = 'UTC';
// Errors name the host that made them; the embedded wiki calls itself the same.
$wgShowHostnames = true;
$wgOverrideHostname = 'demo';

$wgDBtype = 'sqlite';
$wgDBname = 'enwiki';
$wgSQLiteDataDir = __DIR__ . '/data';
$wgCacheDirectory = __DIR__ . '/cache';
$wgLocalisationCacheConf['store'] = 'array';
$wgMainCacheType = CACHE_ACCEL;
$wgMessageCacheType = CACHE_ACCEL;
$wgParserCacheType = CACHE_NONE;
$wgJobRunRate = 0;
$wgSecretKey = str_repeat( '0', 64 );

$wgEnableEmail = true;
$wgEnableUserEmail = true;

foreach ( $demo['namespaces'] as $number => $name ) {
	$wgExtraNamespaces[(int)$number] = strtr( $name, ' ', '_' );
	$wgNamespacesWithSubpages[(int)$number] = true;
}
foreach ( $demo['groups'] as $group ) {
	$wgGroupPermissions[$group]['read'] = true;
}

$wgAPIMaxResultSize = $demo['answer_bytes'];

// The demo wiki's time stands still, and MediaWiki reckons an account's age from today.
$wgAutoConfirmCount = 10;
$wgAutoConfirmAge = 4 * 86400 + time() - strtotime( $demo['now'] );

// As Wikibase does for pages that have an item.
$demoItems = $demo['items'];
$wgHooks['ContentAlterParserOutput'][] = static function ( $content, $title, $output ) use ( $demoItems ) {
	if ( isset( $demoItems[$title->getPrefixedText()] ) ) {
		$output->setPageProperty( 'wikibase_item', $demoItems[$title->getPrefixedText()] );
	}
};
