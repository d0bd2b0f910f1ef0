// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestAsset} from "../../../src/token/TestAsset.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";

contract TestAssetConstructTest is MoneyFixture {
    function test_saysThatItHasNoValue() public view {
        assertEq(bytes(asset.name()), bytes("Tallystick Test USD - no value"), "name");
        assertEq(bytes(asset.symbol()), bytes("testUSD"), "symbol");
        assertEq(asset.decimals(), 6, "decimals");
    }

    function test_isOnTheLocalChains() public {
        for (uint256 id = 31_337; id <= 31_339; ++id) {
            vm.chainId(id);
            new TestAsset();
        }
    }

    function testFuzz_isOnNoOtherChain(uint64 id) public {
        vm.assume(id < 31_337 || id > 31_339);
        _refusedOn(id);
    }

    function test_isNotBesideTheLocalChains() public {
        _refusedOn(1);
        _refusedOn(8453);
        _refusedOn(31_336);
        _refusedOn(31_340);
    }

    function testFuzz_anyoneMints(address to, uint128 amount) public {
        vm.assume(to != address(0) && to != address(credits));
        vm.prank(stranger);
        asset.mint(to, amount);
        assertEq(asset.balanceOf(to), amount, "minted");
    }

    function _refusedOn(uint64 id) private {
        vm.chainId(id);
        vm.expectRevert(abi.encodeWithSelector(TestAsset.OnlyLocalChains.selector, uint256(id)));
        new TestAsset();
    }
}
